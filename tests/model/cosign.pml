/* Cosigning: how a head of one log becomes final (design, section 3, "Quorum").
 *
 * What stands for what
 *   head        a number; base[] is the tree of what extends what, so a home that equivocates has something to fork
 *   witness     honest ones are processes; kept is the vote on disk, seen what the running daemon believes it is
 *   slot        a proposal in work: a daemon serves several links, so two proposals may be under way at one witness
 *   signers[h]   the witnesses whose cosignature over h has left their daemon
 *   home        no process: whatever a dishonest home, or a relay, may propose, any witness may be asked at any time
 *   liar        witness 0 has cosigned everything from the start, the worst that it can do
 * Bounds: 4 witnesses, f = 1, k = 3; 4 heads (a fork at size 0 and one at size 1); two proposals at once at one honest
 * witness, one at the others; one crash of each.
 * Invariant: no two final heads of which neither extends the other.
 *
 * @rules
 * @drop DROP_QUORUM       one cosignature fewer is taken for a quorum
 * @drop DROP_DURABLE      a witness answers before its vote is on disk
 * @drop DROP_COMPARE      the vote is set without comparing it again with what was checked
 * @drop DROP_PREFIX       the new head need not extend the old one
 * @drop DROP_LIARS        two witnesses lie, one more than f
 * @reach REACH_FINAL      the largest head becomes final
 */
#define W 4
#ifdef DROP_QUORUM
#define K 2
#else
#define K 3
#endif
#ifdef DROP_LIARS
#define LIARS 2
#else
#define LIARS 1
#endif
#define HEADS 5 /* 0 is the empty log; 1 and 2 extend it, 3 and 4 extend 1 */
#define PAIRS 2 /* honest witnesses below this number serve two proposals at once (all are alike) */

byte base[HEADS];
byte signers[HEADS];

#define extends(x, y) (x == y || base[x] == y || base[base[x]] == y || base[base[base[x]]] == y)
#ifdef DROP_PREFIX
#define fits(x, y) true
#else
#define fits(x, y) extends(x, y)
#endif
#ifdef DROP_COMPARE
#define unchanged(s) true
#else
#define unchanged(s) (seen == old[s])
#endif
#define count(s) ((s & 1) + ((s >> 1) & 1) + ((s >> 2) & 1) + ((s >> 3) & 1))
#define final(h) (count(signers[h]) >= K)
#define clash(x, y) (final(x) && final(y) && !extends(x, y) && !extends(y, x))

inline sign(h) {
  signers[h] = signers[h] | (1 << me);
  assert(!clash(1, 2) && !clash(3, 4) && !clash(2, 3) && !clash(2, 4));
#ifdef REACH_FINAL
  assert(!final(4));
#endif
}

/* One proposal, in the steps between which others may come: checked, stored, answered. */
#define FREE 0
#define CHECKED 1
#define STORED 2

proctype witness(byte me) {
  byte kept, seen, h;
  byte step[2], head[2], old[2];
  bool crashed;
  byte s;
  do
  :: atomic { /* a proposal comes: compare with the vote */
       step[0] == FREE -> s = 0; h = 1;
     offer:
       do
       :: h < HEADS - 1 -> h++
       :: break
       od;
       if
       :: h != seen && fits(h, seen) -> step[s] = CHECKED; head[s] = h; old[s] = seen
       :: else
       fi;
       h = 0; s = 0
     }
  :: atomic { me < PAIRS && step[0] != FREE && step[1] == FREE -> s = 1; h = 1; goto offer }
  :: atomic { /* set the vote, if it is still what was compared */
       if
       :: step[0] == CHECKED -> s = 0
       :: step[1] == CHECKED -> s = 1
       fi;
       if
       :: unchanged(s) -> seen = head[s]; step[s] = STORED;
#ifndef DROP_DURABLE
          kept = seen
#endif
       :: else -> step[s] = FREE; head[s] = 0
       fi;
       old[s] = 0; s = 0
     }
  :: atomic { /* answer */
       if
       :: step[0] == STORED -> s = 0
       :: step[1] == STORED -> s = 1
       fi;
       sign(head[s]);
       step[s] = FREE; head[s] = 0; s = 0
     }
#ifdef DROP_DURABLE
  :: atomic { kept != seen -> kept = seen } /* the disk follows at leisure */
#endif
  :: atomic { /* a crash: what was not on disk or not answered is gone */
       !crashed -> crashed = true; seen = kept;
       step[0] = FREE; step[1] = FREE; head[0] = 0; head[1] = 0; old[0] = 0; old[1] = 0
     }
  od
}

init {
  atomic {
    base[3] = 1; base[4] = 1;
    byte i = 0;
    do
    :: i < HEADS -> signers[i] = (1 << LIARS) - 1; i++
    :: else -> break
    od;
    i = LIARS;
    do
    :: i < W -> run witness(i); i++
    :: else -> break
    od;
    i = 0
  }
}
