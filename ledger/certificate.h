/* A certificate as its attestation keeps it, and what it is worth at a time. That it was valid is never a matter of
 * whether an entry is: event times are their signers' claims, and when a quorum was reached differs from place to
 * place. Pure but where a transaction is named. Thread: the caller's or the transaction's. */
#ifndef OREMARK_LEDGER_CERTIFICATE_H
#define OREMARK_LEDGER_CERTIFICATE_H

#include "ledger/attested.h"

struct om_certificate {
  struct om_subject_key subject; /* a member, site or lot */
  int64_t from_ms, until_ms;     /* Unix ms; UNTIL exclusive */
  int64_t quantity_mg;           /* 0: not for a quantity */
  uint8_t element;               /* of which the quantity is; 0: gross mass */
  char scheme[OM_SCHEME_BYTES + 1];
};

/* Returns the length. */
size_t om_certificate_pack(uint8_t out[OM_ATTESTED_KEPT_MAX], const struct om_certificate *certificate);
bool om_certificate_unpack(struct om_certificate *out, const uint8_t *kept, size_t len);

/* How a certificate was withdrawn. It ends when the withdrawal is final, or later where its author says so: what was
 * final before that leaned on a certificate that nobody had taken back, whatever time the author states. */
struct om_certificate_end {
  bool ended;
  struct om_place by;
  int64_t at_ms;    /* by the word of who withdrew it, Unix ms */
  int64_t until_ms; /* when it ended, Unix ms, exclusive, as far as is known here: the second in which the withdrawal
                       was final is neither whole inside nor outside. INT64_MAX: when that was is not known here */
};

/* The certificate at PLACE, as it was given, and its end. OM_MISSING: there is no certificate. */
enum om_code om_certificate_get(struct om_txn *txn, struct om_certificate *out, struct om_attested *row,
                                struct om_certificate_end *end, const struct om_place *place, struct om_status *st);

enum om_valid { OM_VALID = 1, OM_VALID_NOT, OM_VALID_UNKNOWN };

/* Did something lie within FROM_MS (inclusive) and UNTIL_MS (exclusive), that happened at AT_MS by its signer's word
 * and was final by the second TIME_S (0: not known)? OM_VALID only where both lie inside, the second with its whole
 * length; OM_VALID_NOT where both lie outside; what falls between is not known. */
enum om_valid om_valid_at(int64_t from_ms, int64_t until_ms, int64_t at_ms, uint64_t time_s);

#endif
