/* Custody: the pen of one lot over several logs (design, section 3, "The pen", "Only what is final is leaned on").
 *
 * What stands for what
 *   event       ev[e], e = 1, 2, ... in the order of writing: its log, kind, receiver and the event before it (prev)
 *   live        the event stands in its log; a dishonest or restored home may replace what is not final yet, so
 *               the tail of a log may go until it is final (that nothing final goes is what cosign.pml shows)
 *   leaned[i]   the events of other logs that log i's marks cover, a bit each
 *   last[i]     the lot's last event as log i knows it: from its own events and what its marks cover
 *   granted     holds whose release enough of their releasers have signed, a bit each: a release names the lot's last
 *               event, so what was signed for one hold releases no other
 *   id          of the statement, which its client signed; a client that got no answer (a crash on either side) sends it again
 * What needs no choice is one step (d_step), which spin takes without going back into it.
 * Logs 1 and 2 differ by their numbers alone: what is shipped first goes to 1.
 * Bounds: 3 logs with one member each, one lot, 6 events, any number of resubmissions and marks, two lost tails.
 * Invariants: at most one log has the pen; no two standing events follow the same one; nothing follows a consumption;
 * what is on hold is followed by its release alone, and that was signed.
 *
 * @rules
 * @drop DROP_PEN          the consignor keeps the pen after Ship
 * @drop DROP_FINAL        a log leans on what is not final
 * @drop DROP_KNOWN        a statement sent again is not recognised
 * @drop DROP_ONCE         a consumed lot may be written on
 * @drop DROP_REJECT       whoever rejects keeps the pen that it hands back
 * @drop DROP_HOLD         what is on hold may be shipped
 * @drop DROP_GRANTED      a release needs no signatures
 * @drop DROP_TERMS        what was signed for one hold releases another
 * @reach REACH_RELEASE    put on hold, released, shipped and received
 * @reach REACH_RETURN     shipped, rejected, shipped to the third and received
 */
#define LOGS 3
#define EVENTS 6
#define CREATE 1  /* Extract, Collect, Declare */
#define SHIP 2
#define RECEIVE 3
#define REJECT 4
#define CONSUME 5 /* Transform, Retire */
#define HOLD 6
#define RELEASE 7

typedef record { byte home; byte kind; byte to; byte prev; byte id; bit live; bit fin };
record ev[EVENTS + 1];
byte events;
byte leaned[LOGS];
byte last[LOGS];
byte granted;
byte tails = 2;
bit shipped; /* once */

/* The log that may write after event e, in the eyes of log i. */
#define writer(i, e) ( \
  (ev[e].kind == CREATE || ev[e].kind == RECEIVE || ev[e].kind == HOLD || ev[e].kind == RELEASE) && ev[e].home == i \
  || ev[e].kind == SHIP && (ev[e].to == i || kept(i, e)) \
  || ev[e].kind == REJECT && (ev[ev[e].prev].home == i || back(i, e)) \
  || ev[e].kind == CONSUME && ev[e].home == i && again)
#ifdef DROP_PEN
#define kept(i, e) (ev[e].home == i)
#else
#define kept(i, e) false
#endif
#ifdef DROP_REJECT
#define back(i, e) (ev[e].home == i)
#else
#define back(i, e) false
#endif
#ifdef DROP_ONCE
#define again true
#else
#define again false
#endif
#ifdef DROP_HOLD
#define free(e) true
#else
#define free(e) (ev[e].kind != HOLD)
#endif
#ifdef DROP_GRANTED
#define may_release(e) true
#else
#ifdef DROP_TERMS
#define may_release(e) (granted != 0)
#else
#define may_release(e) ((granted >> e) & 1)
#endif
#endif
#ifdef DROP_FINAL
#define firm(e) true
#else
#define firm(e) ev[e].fin
#endif
#ifdef DROP_KNOWN
#define known(i, n) false
#else
#define has(i, n, e) (ev[e].live && ev[e].home == i && ev[e].id == n)
#define known(i, n) \
  (has(i, n, 1) || has(i, n, 2) || has(i, n, 3) || has(i, n, 4) || has(i, n, 5) || has(i, n, 6))
#endif
#define pen(i) (last[i] != 0 && writer(i, last[i]))
#define arrives(i) (ev[last[i]].kind == SHIP && ev[last[i]].to == i)
#define rests(i) (pen(i) && !arrives(i) && free(last[i]))

/* Follow the chain by what log i holds: numbers grow along it. */
inline recount(i) {
  skip; d_step {
    last[i] = 0; e = 1;
    do
    :: e <= events ->
       if
       :: ev[e].prev == last[i] && (ev[e].home == i && ev[e].live || (leaned[i] >> e) & 1) -> last[i] = e
       :: else
       fi;
       e++
    :: else -> break
    od;
    e = 0
  }
}

inline check() {
  skip; d_step {
    assert(pen(0) + pen(1) + pen(2) <= 1);
    e = 1;
    do
    :: e <= events ->
       f = e + 1;
       do
       :: f <= events -> assert(!(ev[e].live && ev[f].live && ev[e].prev == ev[f].prev)); f++
       :: else -> break
       od;
       assert(!(ev[e].live && ev[e].prev != 0 && ev[ev[e].prev].kind == CONSUME));
       assert(!(ev[e].live && ev[e].prev != 0 && ev[ev[e].prev].kind == HOLD && ev[e].kind != RELEASE));
       assert(!(ev[e].live && ev[e].kind == RELEASE && !((granted >> ev[e].prev) & 1)));
#ifdef REACH_RELEASE
       assert(!(ev[e].live && ev[e].kind == RECEIVE && ev[ev[ev[e].prev].prev].kind == RELEASE));
#endif
#ifdef REACH_RETURN
       assert(!(ev[e].live && ev[e].kind == RECEIVE && ev[e].home == 2 && ev[ev[e].prev].home == 0 &&
                ev[ev[ev[e].prev].prev].kind == REJECT));
#endif
       e++
    :: else -> break
    od;
    e = 0; f = 0
  }
}

inline write(i, what, whom, after, name) {
  skip; d_step {
    events++;
    ev[events].home = i; ev[events].kind = what; ev[events].to = whom; ev[events].prev = after; ev[events].live = 1;
    ev[events].id = name; last[i] = events;
    shipped = shipped || what == SHIP
  }
}

active proctype network() {
  byte i, j, e, f, top;
  do
  :: atomic { /* a new statement at log i (the lot begins in log 0) */
       events < EVENTS ->
       if
       :: events == 0 -> write(0, CREATE, 0, 0, 1)
       :: else ->
          if
          :: i = 0
          :: i = 1
          :: i = 2
          fi;
          if
          :: pen(i) && arrives(i) -> write(i, RECEIVE, 0, last[i], events)
          :: pen(i) && arrives(i) -> write(i, REJECT, 0, last[i], events)
          :: rests(i) -> write(i, CONSUME, 0, last[i], events)
          :: rests(i) -> write(i, SHIP, (i + 1) % LOGS, last[i], events)
          :: rests(i) && shipped -> write(i, SHIP, (i + 2) % LOGS, last[i], events)
          :: rests(i) && ev[last[i]].kind != HOLD -> write(i, HOLD, 0, last[i], events)
          :: pen(i) && ev[last[i]].kind == HOLD && may_release(last[i]) -> write(i, RELEASE, 0, last[i], events)
          :: else
          fi
       fi;
       check(); i = 0
     }
  :: atomic { /* an earlier statement again: known while it stands; else it must fit as it did then */
       events > 0 && events < EVENTS -> e = 1;
       do
       :: e < events -> e++
       :: break
       od;
       i = ev[e].home;
       if
       :: known(i, ev[e].id)
       :: else ->
          if
          :: ev[e].kind == CREATE -> write(i, CREATE, 0, 0, ev[e].id)
          :: ev[e].kind != CREATE && pen(i) && ev[e].prev == last[i] ->
             write(i, ev[e].kind, ev[e].to, ev[e].prev, ev[e].id)
          :: else
          fi
       fi;
       e = 0; check(); i = 0
     }
  :: atomic { /* enough of those who may release what is on hold sign for it */
       events > 0 -> e = 1;
       do
       :: e < events -> e++
       :: break
       od;
       if
       :: ev[e].kind == HOLD -> granted = granted | (1 << e)
       :: else
       fi;
       e = 0
     }
  :: atomic { /* the oldest pending event of log i becomes final */
       if
       :: i = 0
       :: i = 1
       :: i = 2
       fi;
       skip; d_step {
         e = 1;
         do
         :: e <= events && !(ev[e].home == i && ev[e].live && !ev[e].fin) -> e++
         :: else -> break
         od;
         if
         :: e <= events -> ev[e].fin = 1
         :: else
         fi;
         i = 0; e = 0
       }
     }
  :: atomic { /* log i appends a mark of log j at its present final size */
       if
       :: i = 0; j = 1
       :: i = 0; j = 2
       :: i = 1; j = 0
       :: i = 1; j = 2
       :: i = 2; j = 0
       :: i = 2; j = 1
       fi;
       skip; d_step {
         e = 1;
         do
         :: e <= events ->
            if
            :: ev[e].home == j && ev[e].live && firm(e) -> leaned[i] = leaned[i] | (1 << e)
            :: else
            fi;
            e++
         :: else -> break
         od
       }
       recount(i); check(); i = 0; j = 0
     }
  :: atomic { /* log i loses its last pending events: a restored disk, or an operator who writes another branch */
       tails > 0 && events > 0 -> tails--;
       if
       :: i = 0
       :: i = 1
       :: i = 2
       fi;
       top = 1;
       do
       :: top < events -> top++
       :: break
       od;
       skip; d_step {
         e = top;
         do
         :: e <= events ->
            if
            :: ev[e].home == i && !ev[e].fin -> ev[e].live = 0
            :: else
            fi;
            e++
         :: else -> break
         od
       }
       recount(i); check(); i = 0; top = 0
     }
  od
}
