/* What a site of the lineage declares to have put out, beside what was estimated that it can. */
#include <stdio.h>

#include "ledger/output.h"
#include "ledger/quantity.h"
#include "ledger/verify_state.h"

/* Estimates that are final here; what nobody answers for yet does not count. */
static enum om_code only_final(struct om_verify *v, struct om_output_ceiling *each, size_t *n, struct om_status *st) {
  size_t kept = 0;
  for (size_t i = 0; i < *n; i++) {
    bool final;
    if (om_verify_also(v, &final, &each[i].at, st) != OM_OK) return st->code;
    if (final) each[kept++] = each[i];
  }
  *n = kept;
  return OM_OK;
}

/* Is what its site has put out over C... */
static bool is_over(const struct om_output_ceiling *c) {
  return c->sum_mg > c->mg;
}

/* ...even without what the site's member says was not there? */
static bool is_over_without(const struct om_output_ceiling *c) {
  return c->sum_mg == OM_MASS_MAX_MG || c->sum_mg - c->corrected_mg > c->mg; /* what stays at that is not known */
}

enum { CORRECTED_BYTES = 160 };

/* What was corrected of it, as the end of a sentence. */
static const char *corrected(char out[CORRECTED_BYTES], const struct om_output_ceiling *c) {
  char mass[OM_MASS_TEXT_BYTES], rest[OM_MASS_TEXT_BYTES];
  out[0] = '\0';
  if (c->corrected_mg > 0)
    snprintf(out, CORRECTED_BYTES,
             "; %s of that was not there by corrections of who had declared it, which would leave %s",
             om_mass_format(mass, sizeof mass, c->corrected_mg),
             om_mass_format(rest, sizeof rest, c->sum_mg - c->corrected_mg));
  return out;
}

/* The site's own estimate and those of laboratories and the like stand side by side: over any of them is told, over all
 * of them fails. What was corrected since and lowered nothing, so that it is counted all the same, may not have been
 * there: where that decides, it is not known. */
static void tell_output(struct om_verify *v, const struct om_output *output, const struct om_output_ceiling *each,
                        size_t n, const char *word) {
  char sum[OM_MASS_TEXT_BYTES], most[OM_MASS_TEXT_BYTES], what[OM_STATUS_TEXT_BYTES], less[CORRECTED_BYTES];
  const struct om_output_ceiling *lowest = NULL, widest = om_output_widest(each, n);
  size_t over = 0, over_without = 0;
  for (size_t i = 0; i < n; i++) {
    if (!is_over(&each[i])) continue;
    over++;
    over_without += is_over_without(&each[i]);
    if (!lowest || each[i].mg < lowest->mg) lowest = &each[i];
  }
  if (over < n) om_verify_pass(v, OM_CHECK_OUTPUT, 1);
  if (over == 0) return;
  const struct om_output_ceiling *named = over < n ? lowest : &widest;
  char site[OM_VERIFY_SITE_BYTES], who[OM_VERIFY_WHO_BYTES];
  snprintf(what, sizeof what, "%s has put out %s of %s up to %u, over the %s of %s that %s",
           om_verify_site(v, site, output->member, output->site), om_mass_format(sum, sizeof sum, named->sum_mg),
           om_element_symbol(output->element), output->year, word, om_mass_format(most, sizeof most, named->mg),
           om_verify_who(v, who, named->author));
  corrected(less, named);
  om_verify_find(v, "output", "%s estimates; %zu of the %zu estimates that stand are exceeded%s", what, over, n, less);
  if (over == n && over_without == n)
    om_verify_fail(v, OM_CHECK_OUTPUT, "%s estimates, and over all others that stand%s", what, less);
  else if (over == n)
    om_verify_unknown(v, OM_CHECK_OUTPUT, "%s estimates, and over all others that stand%s", what, less);
}

enum om_code om_verify_output(struct om_verify *v, struct om_arena *arena, const struct om_output *output,
                              struct om_status *st) {
  static const struct {
    Oremark__EstimateKind kind;
    const char *word;
  } kinds[] = {{OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_YEARLY_CAPACITY, "yearly capacity"},
               {OREMARK__ESTIMATE_KIND__ESTIMATE_KIND_RESOURCE, "resource"}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct om_output_ceiling *each;
    size_t n;
    if (om_output_ceilings(v->txn, arena, &each, &n, output, kinds[i].kind, st) != OM_OK ||
        only_final(v, each, &n, st) != OM_OK)
      return st->code;
    tell_output(v, output, each, n, kinds[i].word);
  }
  return OM_OK;
}
