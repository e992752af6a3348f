/* What the files of bundles share and nobody else sees. */
#ifndef OREMARK_LEDGER_BUNDLE_STATE_H
#define OREMARK_LEDGER_BUNDLE_STATE_H

#include "ledger/bundle.h"
#include "ledger/times.h"
#include "ledger/verify_state.h"
#include "proto/bundle.pb-c.h"

enum {
  OM_BUNDLE_MAGIC_BYTES = sizeof OM_BUNDLE_MAGIC - 1,
  OM_BUNDLE_LENGTH_BYTES = 4, /* before each frame, big-endian */
};

/* ---- what is to be written: bundle_needs.c ---- */

/* An entry that goes into the file. */
struct om_bundle_need {
  uint64_t index;
  uint64_t size; /* of a mark: how far it covers... */
  uint32_t log;
  uint32_t marked; /* ...this log, which it has to stand behind; OM_LOG_NONE: none */
};

/* An event of an attestation that is to be judged. */
struct om_bundle_said {
  uint64_t index;
  uint32_t log;
  uint16_t event;
};

/* A lot outside the lineage that entry INDEX of LOG moves, at the STEP before. */
struct om_bundle_other {
  uint64_t index;
  uint32_t log, step;
  uint8_t number[OM_LOT_NUMBER_BYTES];
};

/* A head by which an entry of LOG was final that the time matters of. */
struct om_bundle_time {
  uint32_t log;
  struct om_time_of time;
};

/* Entry INDEX of LOG marks another at a head that goes into the file, in the place of a later one. */
struct om_bundle_voucher {
  bool is;
  uint32_t log;
  uint64_t index;
};

struct om_bundle_needs {
  struct om_verify *v;
  struct om_bundle_need *all; /* once settled: by log and index; none of the registry log, which goes in whole */
  size_t n, cap;
  uint32_t *slots; /* open addressing over indexes of ALL; a slot holds index + 1, 0 is free */
  size_t n_slots;
  struct om_bundle_said *said; /* once settled: by log, index and event, none twice */
  size_t n_said, cap_said;
  struct om_bundle_other *others; /* once settled: by log, index and number, none twice */
  size_t n_others, cap_others;
  struct om_bundle_time *times; /* once settled: by log and size, none twice */
  size_t n_times, cap_times;
  bool *touched;                      /* by log */
  struct om_bundle_voucher *vouchers; /* by log */
  struct om_status st;
  enum om_code code; /* of what failed while others called */
};

/* All zero but for V, before V is run: has V watched. */
void om_bundle_needs_watch(struct om_bundle_needs *needs, struct om_verify_watch *watch);
/* After V was run: finds what else is needed, and puts all in order. */
enum om_code om_bundle_needs_settle(struct om_bundle_needs *needs, struct om_status *st);
void om_bundle_needs_free(struct om_bundle_needs *needs);

#endif
