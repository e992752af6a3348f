/* Sealing and retiring a log (design, section 3, "Taking a right from a log").
 *
 * What stands for what
 *   head        its size: one chain of heads 0..SIZES (of conflicting heads the governors judge: not modelled)
 *   held[i]     honest witness i's vote; sealed[i] its promise; both on disk, so a crash changes nothing
 *   signers[s]   how many honest witnesses have cosigned the head of size s; the liars have cosigned every one
 *   seals       the seals in the governors' hands, highest the largest head in them; a liar's seal states any head
 *               and binds it to nothing, so its seal is in hand from the start and says 0
 *   retired     the size that the act RetireLog names, none lower than a head in its seals
 * Bounds: W = 4, f = 1, k = 3, 3 seals; W = 7, f = 2, k = 5, 5 seals; sizes up to 3 and 2.
 * Invariant: from the act on, nothing beyond the retired size is final, ever.
 *
 * @rules
 * @rules -DW=7 -DF=2 -DSIZES=2
 * @drop DROP_SEALS        one seal fewer is enough
 * @drop DROP_SIZE         the act may name a size lower than a head in its seals
 * @drop DROP_PROMISE      a witness cosigns on after its seal
 * @drop DROP_DURABLE      a crash makes a witness forget its seal
 * @drop DROP_HIGHEST      a seal states the final head that a witness knows, not the highest that it holds
 * @drop DROP_LIARS        one witness more than f lies
 * @reach REACH_RETIRED    a log with a final head is retired
 */
#ifndef W
#define W 4
#define F 1
#define SIZES 3
#endif
#define K (2 * W / 3 + 1)
#ifdef DROP_SEALS
#define SEALS (W + F - K)
#else
#define SEALS (W + F - K + 1)
#endif
#ifdef DROP_LIARS
#define LIARS (F + 1)
#else
#define LIARS F
#endif
#define HONEST (W - LIARS)
#ifdef DROP_PROMISE
#define bound(i) false
#else
#define bound(i) sealed[i]
#endif
#define NONE 255

byte held[HONEST];
bit sealed[HONEST];
bit given[HONEST];
byte signers[SIZES + 1];
byte seals = LIARS;
byte highest;
byte final;
byte retired = NONE;

active proctype network() {
  byte i, s;
  do
  :: atomic { /* the home, or whoever relays for it, asks witness i to cosign a larger head */
       i = 0;
       do
       :: i < HONEST - 1 -> i++
       :: break
       od;
       s = 1;
       do
       :: s < SIZES -> s++
       :: break
       od;
       if
       :: s > held[i] && !bound(i) -> held[i] = s; signers[s]++;
          if
          :: signers[s] + LIARS >= K && s > final -> final = s
          :: else
          fi
       :: else
       fi;
       assert(retired == NONE || final <= retired);
       i = 0; s = 0
     }
  :: atomic { /* the governors' call reaches witness i; its seal goes into the act */
       retired == NONE -> i = 0;
       do
       :: i < HONEST - 1 -> i++
       :: break
       od;
       if
       :: !given[i] -> sealed[i] = 1; given[i] = 1; seals++;
#ifdef DROP_HIGHEST
          s = final;
#else
          s = held[i];
#endif
          if
          :: s > highest -> highest = s
          :: else
          fi
       :: else
       fi;
       i = 0; s = 0
     }
  :: atomic { /* the act, with the seals so far; it may name a larger size than the seals do */
       retired == NONE && seals >= SEALS ->
#ifdef DROP_SIZE
       s = 0;
#else
       s = highest;
#endif
       do
       :: s < SIZES -> s++
       :: break
       od;
       retired = s;
       assert(final <= retired);
#ifdef REACH_RETIRED
       assert(final == 0);
#endif
       s = 0
     }
#ifdef DROP_DURABLE
  :: atomic {
       i = 0;
       do
       :: i < HONEST - 1 -> i++
       :: break
       od;
       sealed[i] = 0; i = 0
     }
#endif
  od
}
