/* A change of the witness list (design, section 3, "Quorum": the quorum of both lists until a head of both is recorded).
 *
 * What stands for what
 *   list        a bit: each list of witnesses with its quorum is one voter that never signs two heads of which neither
 *               extends the other (cosign.pml shows that it is so while no more than f lie); the lists share nobody
 *   version     of the registry's list: 0, 1, 2 in this order; listed(v) is the list that it names
 *   branch      an equivocating home forks its log once, anywhere, also before its first entry, and goes on with both
 *   entries     plain ones, registry marks (which change the version, and may skip one) and records of a final head of
 *               the log itself
 *   wanted      the lists that must sign: the settled one, and the one of the last mark; never a third
 *   need[b,s]   the lists that must sign the head of size s in branch b
 *   vote        the highest head that a list has signed; it counts as having signed all those below it, too, the worst
 *               that it may do
 * Bounds: 3 versions with 3 lists, or with the first list again as the last; N = 4 entries in either branch; one fork.
 * Invariant: no two final heads of which neither extends the other.
 *
 * @rules
 * @rules -DAGAIN
 * @drop DROP_OLD          only the new list signs
 * @drop DROP_BETWEEN      the registry is followed to a third list before the last change is settled
 * @drop DROP_NAMED        the list that the first entry marks is taken for settled, not the one with which the log was named
 * @drop DROP_FINAL        a head is recorded that not both lists have signed
 * @reach REACH_SETTLED    both changes are settled and a head is final under the last list alone
 * @reach REACH_SKIPPED    the change from the first list to the last is settled in one
 */
#ifndef N
#define N 4
#endif
#ifdef AGAIN
#define listed(v) (v == 1 -> 2 : 1)
#else
#define listed(v) (1 << v)
#endif
#define at(b, s) ((b) * (N + 1) + (s))
#define asked(b, s, l) ((need[at(b, s)] >> l) & 1)
#define signed(b, s, l) (s <= vote_size[l] && (s <= fork || vote_branch[l] == b))
#define final(b, s) ((!asked(b, s, 0) || signed(b, s, 0)) && (!asked(b, s, 1) || signed(b, s, 1)) && \
                     (!asked(b, s, 2) || signed(b, s, 2)))
#define changing(b) (listed(settled[b]) != listed(now[b]))
#ifdef DROP_OLD
#define wanted(b) listed(now[b])
#else
#define wanted(b) (listed(settled[b]) | listed(now[b]))
#endif
#ifdef DROP_BETWEEN
#define may_follow(b, v) true
#else
#define may_follow(b, v) (!changing(b) || listed(v) == listed(now[b]))
#endif
#ifdef DROP_FINAL
#define signable(b, s) true
#else
#define signable(b, s) final(b, s)
#endif
/* A head ends the change if it is behind the mark that began it: two lists are asked for there, and now is one of them. */
#ifdef DROP_OLD
#define settles(b, s) (listed(version[at(b, s)]) == listed(now[b]))
#else
#define settles(b, s) (listed(version[at(b, s)]) == listed(now[b]) && need[at(b, s)] != listed(now[b]))
#endif

byte need[2 * (N + 1)], version[2 * (N + 1)];
byte size[2], now[2], settled[2];
byte fork = N + 1; /* the size up to which both branches are one; N + 1: not forked */
byte vote_size[3];
bit vote_branch[3];

inline grow(b) {
#ifdef DROP_NAMED
  if
  :: size[b] == 0 -> settled[b] = now[b]
  :: else
  fi;
#endif
  size[b]++; version[at(b, size[b])] = now[b]; need[at(b, size[b])] = wanted(b)
}

active proctype network() {
  byte b, s, l, x, y;
  do
  :: atomic { /* the home appends to a branch */
       if
       :: b = 0
       :: fork <= N -> b = 1
       fi;
       if
       :: size[b] < N ->
          if
          :: grow(b)
          :: now[b] < 2 && may_follow(b, now[b] + 1) -> now[b]++; grow(b)
          :: now[b] < 1 && may_follow(b, 2) -> now[b] = 2; grow(b)
          :: size[b] > 0 && changing(b) -> s = 1;
             do
             :: s < size[b] -> s++
             :: break
             od;
             if
             :: signable(b, s) && settles(b, s) -> settled[b] = version[at(b, s)]; grow(b)
             :: else
             fi
          fi
       :: else
       fi;
       b = 0; s = 0
     }
  :: atomic { /* the home forks its log */
       fork > N && size[0] < N ->
       fork = size[0]; size[1] = size[0]; now[1] = now[0]; settled[1] = settled[0];
       s = 1;
       do
       :: s <= fork -> need[at(1, s)] = need[at(0, s)]; version[at(1, s)] = version[at(0, s)]; s++
       :: else -> break
       od;
       s = 0
     }
  :: atomic { /* list l signs the newest head, if it extends what it signed: later would not be worse */
       if
       :: l = 0
       :: l = 1
       :: l = 2
       fi;
       if
       :: b = 0
       :: fork <= N -> b = 1
       fi;
       if
       :: vote_size[l] < size[b] && (vote_size[l] <= fork || vote_branch[l] == b) ->
          vote_size[l] = size[b]; vote_branch[l] = (size[b] > fork -> b : 0)
       :: else
       fi;
#ifdef REACH_SETTLED
       assert(!(settled[b] == 2 && version[at(b, 2)] == 1 && final(b, size[b])));
#endif
#ifdef REACH_SKIPPED
       assert(!(settled[b] == 2 && version[at(b, 1)] == 2 && final(b, size[b])));
#endif
       d_step {
         x = fork + 1; y = fork + 1;
         do
         :: x <= size[0] && fork <= N && !final(0, x) -> x++
         :: else -> break
         od;
         do
         :: y <= size[1] && fork <= N && !final(1, y) -> y++
         :: else -> break
         od;
         assert(fork > N || x > size[0] || y > size[1]);
         b = 0; l = 0; x = 0; y = 0
       }
     }
  od
}
