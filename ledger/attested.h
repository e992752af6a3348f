/* What has been attested: about whom or what, and what has ended it. An attestation stands where its event stands, and
 * is read as of what the judged log covers: rows of logs that run ahead are passed over, so that every daemon decides
 * alike. Thread: the transaction's or the stage's.
 *
 * Rows of OM_TABLE_ATTESTED, all numbers big-endian, a place being log (4), index (8), event (2):
 *
 *   'P' place                     -> kind (2), author (4), at_ms (8), and what the kind keeps for its rules
 *   'M' member (4), place         -> kind (2)   about a member
 *   'S' member (4), site (4), place -> kind (2) about a site
 *   'L' lot (20), place           -> kind (2)   about a lot
 *   'E' place, place              -> kind (2)   about an event (the first place)
 *   'G' member (4), site (4), place -> kind (2) an estimate about a site, once more
 *   'X' place, place              -> kind (2)   the first is ended by the second */
#ifndef OREMARK_LEDGER_ATTESTED_H
#define OREMARK_LEDGER_ATTESTED_H

#include "ledger/ledger.h"
#include "ledger/stage.h"

enum {
  OM_PLACE_KEY_BYTES = 14,
  OM_ATTESTED_ABOUT_MAX = 1 + OM_LOT_NUMBER_BYTES, /* the longest subject with its tag */
  OM_ATTESTED_KEPT_MAX = 255, /* what a kind keeps for its rules: some numbers and a scheme's name */
};

/* Begins the keys of OM_TABLE_SUMS. */
enum om_sum {
  OM_SUM_DRAWN = 'd', /* place of a certificate: drawn from it; written in its holder's home log only */
  OM_SUM_OUTPUT =
      'o', /* member (4), site (4), element (1), year (2): declared output; in that member's home log only */
  OM_SUM_UNSURE = 'u',    /* as declared output: what of it was not there, by a correction that lowered nothing */
  OM_SUM_CORRECTED = 'e', /* place of an Extract that was corrected -> site (4), year (2), has it one lot (1), and for
                             each element (1) what of it is declared output (8), and what is right (8); where those sums
                             are written */
  OM_SUM_CLAIMED = 'c',   /* lot (20), element (1), scheme: claimed for the lot, or for what it was made of
                             (ledger/claimed.h); where the lot's steps are written */
  OM_SUM_FLAGS = 'f', /* member (4), log (4): how many of the flags that it raised in that log it has not cleared there;
                         in that log only */
};

/* Begins the key of what an attestation is about. */
enum om_about_what {
  OM_ABOUT_MEMBER = 'M', /* member (4) */
  OM_ABOUT_SITE = 'S',   /* member (4), site (4) */
  OM_ABOUT_LOT = 'L',    /* lot (20) */
  OM_ABOUT_EVENT = 'E',  /* place (14) */
  OM_ABOUT_OUTPUT = 'G', /* as a site: the estimates about it alone */
};

/* What an attestation is about, as the beginning of its keys: an om_about_what and what it says. */
struct om_subject_key {
  uint8_t bytes[OM_ATTESTED_ABOUT_MAX];
  size_t len;
};

struct om_attested {
  struct om_place at; /* the output is 0 */
  int kind;           /* Oremark__Event__KindCase */
  uint32_t author;    /* member number */
  int64_t at_ms;      /* when it happened, by its signer, Unix ms */
  uint8_t kept[OM_ATTESTED_KEPT_MAX];
  size_t n_kept;
};

void om_place_key(uint8_t out[OM_PLACE_KEY_BYTES], const struct om_place *place);
void om_place_read(struct om_place *out, const uint8_t key[OM_PLACE_KEY_BYTES]);
void om_about_member(struct om_subject_key *out, uint32_t member);
void om_about_site(struct om_subject_key *out, uint32_t member, uint32_t site);
void om_about_lot(struct om_subject_key *out, const uint8_t number[OM_LOT_NUMBER_BYTES]);
void om_about_event(struct om_subject_key *out, const struct om_place *event);

/* ---- for rules ---- */

/* Form of a subject: exactly one of its four, whole. NULL is refused. */
enum om_code om_form_subject(const Oremark__Subject *subject, struct om_status *st);
/* Form of a reference to an event; NULL is refused. */
enum om_code om_form_event_ref(const char *what, const Oremark__EventRef *ref, struct om_status *st);

/* The subject as the judged log may lean on it. OM_REFUSED ("subject") where the registry as marked, or the logs as
 * covered, know no such member, site, lot or event; OM_WAIT where a mark is wanted. */
enum om_code om_stage_subject(struct om_stage *stage, struct om_subject_key *out, const Oremark__Subject *subject,
                              struct om_status *st);
/* Where the event that REF names stands. OM_REFUSED ("event"), OM_WAIT as above. */
enum om_code om_stage_event(struct om_stage *stage, struct om_place *out, const Oremark__EventRef *ref,
                            struct om_status *st);
/* The attestation at PLACE, which om_stage_event found; OM_MISSING without a sentence where that is none. */
enum om_code om_stage_attested(struct om_stage *stage, struct om_attested *out, const struct om_place *place,
                               struct om_status *st);
/* Whether the attestation at PLACE has been ended, as far as the judged log covers. */
enum om_code om_stage_ended(struct om_stage *stage, bool *ended, const struct om_place *place, struct om_status *st);

/* Stages the rows of the attestation that is the event being judged: about ABOUT, with KEPT. */
void om_stage_attest(struct om_stage *stage, const Oremark__Event *event, const struct om_subject_key *about,
                     const uint8_t *kept, size_t n_kept);
/* Stages that the event being judged is found under ABOUT, too. */
void om_stage_about(struct om_stage *stage, const Oremark__Event *event, const struct om_subject_key *about);
/* Stages that the event being judged ends the attestation at PLACE. */
void om_stage_end(struct om_stage *stage, const Oremark__Event *event, const struct om_place *place);
/* The place of the event being judged. */
struct om_place om_stage_place(const struct om_stage *stage);

/* A sum of OM_TABLE_SUMS, milligrams, 0 where there is none yet; and its new value. */
int64_t om_stage_sum(struct om_stage *stage, const uint8_t *key, size_t len);
void om_stage_set_sum(struct om_stage *stage, const uint8_t *key, size_t len, int64_t mg);
/* The same of what has been drawn from the certificate at PLACE. */
int64_t om_stage_drawn(struct om_stage *stage, const struct om_place *place);
void om_stage_set_drawn(struct om_stage *stage, const struct om_place *place, int64_t mg);

/* ---- for answers: as of now ---- */

/* The attestation at PLACE. OM_MISSING: there is none. */
enum om_code om_attested_get(struct om_txn *txn, struct om_attested *out, const struct om_place *place,
                             struct om_status *st);
/* The next attestation about ABOUT after *PLACE (all zero: the first); false: no more. */
bool om_attested_next(struct om_txn *txn, struct om_place *place, int *kind, const struct om_subject_key *about);
/* The next event after *BY (all zero: the first) that ended the attestation at PLACE; false: no more. */
bool om_attested_end(struct om_txn *txn, struct om_place *by, int *kind, const struct om_place *place);
/* What has been drawn from the certificate at PLACE so far, milligrams. */
int64_t om_attested_drawn(struct om_txn *txn, const struct om_place *place);

#endif
