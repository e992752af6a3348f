#include "ledger/touched.h"

#include "ledger/registry.h"

static void add(struct om_touched *touched, uint32_t log) {
  if (om_touched_has(touched, log)) return;
  /* every log is judged by the registry's */
  if (log == OM_LOG_REGISTRY || touched->n == OM_TOUCHED_LOGS)
    touched->all = true;
  else
    touched->logs[touched->n++] = log;
}

void om_touched_row(struct om_touched *touched, enum om_table table, const uint8_t *key, size_t len) {
  switch (table) {
    case OM_TABLE_LOGS:
    case OM_TABLE_ENTRIES:
    case OM_TABLE_TILES:
    case OM_TABLE_HEADS:
    case OM_TABLE_MARKS:
    case OM_TABLE_EVIDENCE:
    case OM_TABLE_TIMES:
      if (len < 4)
        touched->all = true;
      else
        add(touched, om_get32(key));
      return;
    case OM_TABLE_STATEMENTS:
    case OM_TABLE_LOTS:
    case OM_TABLE_ALIASES:
    case OM_TABLE_DRIFT:
    case OM_TABLE_QUEUE:
    case OM_TABLE_ATTESTED:
    case OM_TABLE_SUMS:
    case OM_TABLE_COVERED:
    case OM_TABLE_HELD:
    case OM_TABLE_HAD: return; /* of members and lots: nothing of a log follows from them */
    case OM_TABLE_META:
    case OM_TABLE_REGISTRY:
    case OM_TABLE_CUT:
    case OM_TABLES: break;
  }
  touched->all = true;
}

void om_touched_add(struct om_touched *touched, const struct om_touched *other) {
  touched->all = touched->all || other->all;
  for (size_t i = 0; i < other->n; i++) add(touched, other->logs[i]);
}

bool om_touched_has(const struct om_touched *touched, uint32_t log) {
  if (touched->all) return true;
  for (size_t i = 0; i < touched->n; i++)
    if (touched->logs[i] == log) return true;
  return false;
}
