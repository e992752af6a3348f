/* What a client is told to be final: the home answers as soon as it has gathered a quorum's cosignatures over a head
 * whose entries are on its disk, and puts the note that shows them on its disk afterwards.
 *
 * What stands for what
 *   head        as in recover.pml: a node of a binary tree, 2h+1 and 2h+2 are the two logs that may follow h
 *   log         what the home holds, on its disk and signed
 *   known       the highest head over which the home has gathered a quorum, in this life or in its note
 *   note        the highest of them that stands on its disk, where all reads look
 *   said        the highest that a client was told to be final, in the life said_in
 *   life, offered, vote, heard, signers, liar
 *               as in recover.pml; a loss leaves the home any earlier state of its store, down to nothing
 * The question at a start is one step here, answered by all witnesses but one: recover.pml looks into it.
 * Bounds: 4 witnesses, f = 1, k = 3; logs of two entries; one start anew.
 * Invariants: a home that may sign holds what was ever told to be final, and nothing final stands beside it; within one
 * life no read says less than what was told. After a start, reads say less until the home has gathered the quorum anew.
 *
 * @rules
 * @drop DROP_GATHER      a client is told when there is one cosignature fewer
 * @drop DROP_HOLD        reads don't wait for the note, once a client was told more than it shows
 * @drop DROP_QUESTION    a home that starts anew signs without having asked
 * @reach REACH_AGAIN     a home that was told and had no note of it when it stopped knows it again
 * @reach REACH_READ      a read says what was told before, after a start
 */
#define W 4
#define K 3
#define HEADS 7
#define LIVES 2
#ifdef DROP_GATHER
#define GATHER (K - 1)
#else
#define GATHER K
#endif

byte log, life, known, note, said, said_in;
bool ready = true, parted, chain;
byte offered[HEADS], signers[HEADS];
byte vote[W], heard[W];
byte w, h, most;

#define up(x) ((x - 1) / 2)
#define below(x, y) (x == y || (y != 0 && (up(y) == x || (up(y) != 0 && up(up(y)) == x)))) /* y is x or extends it */
#define one(x, y) (below(x, y) || below(y, x))
#define count(s) ((s & 1) + ((s >> 1) & 1) + ((s >> 2) & 1) + ((s >> 3) & 1))
#define beside(x) (count(signers[x]) >= K && !one(x, said))
#define of_now(x) ((offered[x] >> heard[w]) != 0)

inline check() {
  assert(!ready || below(said, log));
  assert(!beside(1) && !beside(2) && !beside(3) && !beside(4) && !beside(5) && !beside(6))
}

init {
  atomic {
    h = 1;
    do
    :: h < HEADS -> signers[h] = 1; h++ /* witness 0 lies: it has signed every head, and tells of none */
    :: else -> break
    od;
    h = 0
  }
  do
  :: atomic { /* the home takes something in, signs and proposes it */
       ready && log < HEADS / 2 ->
       if
       :: log = 2 * log + 1
       :: life > 0 -> log = 2 * log + 2
       fi;
       offered[log] = offered[log] | (1 << life);
       check()
     }
  :: atomic { /* a witness cosigns what was proposed, in this life or in a former one */
       w = 1;
       do
       :: w < W - 1 -> w++
       :: break
       od;
       h = 1;
       do
       :: h < HEADS - 1 -> h++
       :: break
       od;
       if
       :: of_now(h) && h != vote[w] && below(vote[w], h) -> vote[w] = h; signers[h] = signers[h] | (1 << w)
       :: else
       fi;
       w = 0; h = 0;
       check()
     }
  :: atomic { /* the home has gathered enough over a head that it holds */
       ready && log != 0 -> h = log;
       do
       :: up(h) != 0 -> h = up(h)
       :: break
       od;
       if
       :: count(signers[h]) >= GATHER && h != known && below(known, h) -> known = h
       :: else
       fi;
       h = 0;
#ifdef REACH_AGAIN
       assert(!(parted && said != 0 && below(said, known)))
#endif
     }
  :: atomic { known != said && below(said, known) -> said = known; said_in = life; parted = false; check() }
  :: atomic { note != known -> note = known }
  :: atomic { /* somebody reads */
#ifndef DROP_HOLD
       note == known || said_in != life ->
#endif
       assert(said_in != life || below(said, note));
#ifdef REACH_READ
       assert(!(said != 0 && said_in != life && below(said, note)))
#endif
     }
  :: atomic { /* the home stops, and starts with what is left of its store */
       life < LIVES - 1 -> life++; ready = false;
       do
       :: log != 0 -> log = up(log)
       :: break
       od;
       do
       :: note != 0 && below(note, log) -> break
       :: note != 0 -> note = up(note)
       :: note == 0 -> break
       od;
       known = note;
       parted = parted || !below(said, note);
#ifdef DROP_QUESTION
       ready = true;
       check()
#endif
     }
  :: atomic { /* all witnesses but one tell it the highest that they have cosigned; it takes back what it lacks */
       !ready -> h = 0;
       do
       :: h < W - 1 -> h++
       :: break
       od;
       w = 0; most = log; chain = true;
       do
       :: w < W ->
          if
          :: w != h && w != 0 -> /* where what they tell is not one history, it waits for others */
             heard[w] = life; chain = chain && one(most, vote[w]);
             if
             :: below(most, vote[w]) -> most = vote[w]
             :: else
             fi
          :: else
          fi;
          w++
       :: else -> break
       od;
       if
       :: chain -> log = most; ready = true; check()
       :: else
       fi;
       w = 0; h = 0; most = 0; chain = false
     }
  od
}
