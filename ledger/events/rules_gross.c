#include "ledger/events/rules.h"
#include "ledger/quantity.h"

/* What a scale may find more than was stated: rain, dunnage, a bad scale at a pit. Metals have tolerances and caps of
 * their own; without this one a certificate that is drawn by gross mass could be drawn for anything. */
enum { GROSS_GAIN_PERCENT = 10 };

enum om_code om_rule_gross(struct om_lot *row, uint64_t gross_mg, struct om_status *st) {
  if (gross_mg == 0) return OM_OK;                  /* as it was */
  int64_t gain = (int64_t)gross_mg - row->gross_mg; /* both are masses by their forms */
  if (gain <= row->gross_mg / 100 * GROSS_GAIN_PERCENT) {
    row->gross_mg = (int64_t)gross_mg;
    return OM_OK;
  }
  char text[OM_LOT_TEXT_BYTES], stated[OM_MASS_TEXT_BYTES], was[OM_MASS_TEXT_BYTES];
  return om_fail(st, OM_REFUSED, "gross",
                 "lot %s: a gross mass of %s is stated and it had %s: it may grow by %d %% at most; state no more, or "
                 "reject it",
                 om_lot_format(text, sizeof text, row->number),
                 om_mass_format(stated, sizeof stated, (int64_t)gross_mg),
                 om_mass_format(was, sizeof was, row->gross_mg), GROSS_GAIN_PERCENT);
}
