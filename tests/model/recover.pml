/* Start and recovery: a home whose store was lost, or an old copy put back, asks its witnesses (design, section 3, "Never
 * sign what could be lost").
 *
 * What stands for what
 *   head        a node of a binary tree, numbered as a heap: 0 is the empty log, 2h+1 and 2h+2 are the two logs that may
 *               follow h; so what is written anew after a loss may differ from what stood there
 *   log         what the home holds; written, made durable and signed in one step (cosign.pml looks into such steps)
 *   life        from one start of the home to the next; a loss leaves it any earlier state of its store, down to nothing
 *   offered[h]  the lives, a bit each, in which h was proposed. Proposals are never gone: any of them may reach any
 *               witness at any time, also one that a relay or a broken link has kept from a former life
 *   vote        the highest head that a witness has cosigned; doing: one that it is about to store and answer
 *   heard       the life of the home whose question the witness answered last; durable before it answers
 *   told        what the home has been told in this life; NONE: nothing yet
 *   liar        witness 0 has signed every head, and tells of none
 * Bounds: 4 witnesses, f = 1, k = 3; logs of two entries; two losses. Witnesses start anew as often as they like.
 * Invariants: no two final heads of which neither extends the other; what a home that may sign holds, and what is
 * final, are one history: nothing final is lost, and nothing becomes final beside it.
 *
 * @rules
 * @drop DROP_QUESTION     a home signs without having asked
 * @drop DROP_TELLERS      one answer fewer is enough
 * @drop DROP_HIGHEST      a head that was told is taken back, not the highest
 * @drop DROP_START        a witness that has answered still signs what a former life proposed
 * @drop DROP_HEARD        a witness that starts anew has forgotten in which life it answered: it signs what a relay has
 *                         kept of a former one, while the home goes on otherwise
 * @drop DROP_DOING        a witness answers while a vote is on its way to the disk
 * @drop DROP_PREFIX       a witness signs what does not extend its vote
 * @drop DROP_LIARS        two witnesses lie, one more than f
 * @reach REACH_REFILL     something final that the home has lost is taken back
 * @reach REACH_ON         after a loss the log goes on to its end
 */
#define W 4
#define K 3
#define HEADS 7
#define NONE HEADS
#define LIVES 3
#ifdef DROP_LIARS
#define LIARS 2
#else
#define LIARS 1
#endif
#ifdef DROP_TELLERS
#define TELLERS (K - 1)
#else
#define TELLERS K
#endif

byte log, life;
bool ready = true; /* its first life begins with nothing to ask for */
byte offered[HEADS], signers[HEADS];
byte vote[W], doing[W], heard[W], told[W];
bool lost;
byte w, h, n, most;
bool chain;

#define up(x) ((x - 1) / 2)
#define below(x, y) (x == y || (y != 0 && (up(y) == x || (up(y) != 0 && up(up(y)) == x)))) /* y is x or extends it */
#define one(x, y) (below(x, y) || below(y, x))
#define count(s) ((s & 1) + ((s >> 1) & 1) + ((s >> 2) & 1) + ((s >> 3) & 1))
#define final(x) (count(signers[x]) >= K)
#define clash(x, y) (final(x) && final(y))
#define fits(x) (!ready || !final(x) || below(x, log))

#ifdef DROP_START
#define of_now(x) (offered[x] != 0)
#else
#define of_now(x) ((offered[x] >> heard[w]) != 0) /* of the life that it has answered, or a later one */
#endif
#ifdef DROP_PREFIX
#define extends(x) (x != vote[w])
#else
#define extends(x) (x != vote[w] && below(vote[w], x))
#endif
#ifdef DROP_DOING
#define quiet true
#else
#define quiet (doing[w] == 0)
#endif

inline check() {
  assert(!clash(1, 2) && !clash(1, 5) && !clash(1, 6) && !clash(2, 3) && !clash(2, 4) && !clash(3, 4) && !clash(3, 5));
  assert(!clash(3, 6) && !clash(4, 5) && !clash(4, 6) && !clash(5, 6));
  assert(fits(1) && fits(2) && fits(3) && fits(4) && fits(5) && fits(6))
}

inline some_witness() {
  w = LIARS;
  do
  :: w < W - 1 -> w++
  :: break
  od
}

inline some_head() {
  h = 1;
  do
  :: h < HEADS - 1 -> h++
  :: break
  od
}

inline forget_told() {
  w = 0;
  do
  :: w < W -> told[w] = (w < LIARS -> 0 : NONE); w++
  :: else -> break
  od
}

/* Of what was told and what is held: the highest; and whether all is one history. */
inline sum_up() {
  n = 0; most = log; chain = true; w = 0;
  do
  :: w < W ->
     if
     :: told[w] != NONE ->
        n++;
        chain = chain && one(told[w], most);
#ifdef DROP_HIGHEST
        if
        :: told[w] != 0 && (most == log || below(told[w], most)) -> most = told[w]
        :: else
        fi
#else
        if
        :: below(most, told[w]) -> most = told[w]
        :: else
        fi
#endif
     :: else
     fi;
     w++
  :: else -> break
  od
}

init {
  atomic {
    h = 1;
    do
    :: h < HEADS -> signers[h] = (1 << LIARS) - 1; h++
    :: else -> break
    od;
    forget_told(); w = 0; h = 0
  }
  do
  :: atomic { /* the home takes something in, signs and proposes it */
       ready && log < HEADS / 2 ->
       if
       :: log = 2 * log + 1
       :: life > 0 -> log = 2 * log + 2 /* before that, either is as good */
       fi;
       offered[log] = offered[log] | (1 << life);
       check();
#ifdef REACH_ON
       assert(!(life > 0 && log >= HEADS / 2 && lost))
#endif
     }
  :: atomic { /* a proposal, of any life, comes to a witness, which holds what is under it and compares */
       some_witness(); some_head();
       if
       :: doing[w] == 0 && of_now(h) && extends(h) -> doing[w] = h
       :: else
       fi;
       w = 0; h = 0
     }
  :: atomic { /* it stores its vote and answers */
       some_witness();
       if
       :: doing[w] != 0 -> vote[w] = doing[w]; signers[doing[w]] = signers[doing[w]] | (1 << w); doing[w] = 0
       :: else
       fi;
       w = 0;
       check()
     }
  :: atomic { /* it stops, and starts anew */
       some_witness();
       doing[w] = 0;
#ifdef DROP_HEARD
       heard[w] = 0;
#endif
       w = 0
     }
  :: atomic { /* the home stops, and starts with what is left of its store */
       life < LIVES - 1 -> life++; ready = false; h = log;
       do
       :: log != 0 -> log = up(log)
       :: break
       od;
       lost = lost || (h != log && final(h));
       h = 0;
       forget_told(); w = 0;
#ifdef DROP_QUESTION
       ready = true;
       check()
#endif
     }
  :: atomic { /* a witness answers its question */
       !ready -> some_witness();
       if
       :: told[w] == NONE && quiet -> told[w] = vote[w]; heard[w] = life
       :: else
       fi;
       w = 0
     }
  :: atomic { /* it has heard enough, takes back what it lacks, and begins */
       !ready -> sum_up();
       if
       :: n >= TELLERS && chain ->
#ifdef REACH_REFILL
          assert(!(most != log && final(most)));
#endif
          log = most; ready = true; forget_told();
          check()
       :: else
       fi;
       w = 0; n = 0; most = 0; chain = false
     }
  od
}
