/* The findings of a verdict. It has room for so many; whoever says most must not keep from being told what others say,
 * and least of all that a key was stolen. So each sort has a share of the room, and what one does not need is given to
 * the others, those that matter more first. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/verify_state.h"

/* By what they mean for who judges the lot; any other sort comes after these. */
static const struct {
  const char *kind, *name;
  size_t room;
} sorts[] = {
    {"key", "keys", 40},
    {"suspension", "suspensions", 20},
    {"flag", "flags", 46},
    {"correction", "corrections", 12},
    {"site", "sites", 12},
    {"certificate", "certificates", 16},
    {"assay", "assays", 12},
    {"document", "documents", 12},
    {NULL, OM_SHARE_ENDED_FLAGS, 8},
};

enum { SORTS = sizeof sorts / sizeof sorts[0], OTHER_ROOM = 3, OTHERS = OM_FINDING_SHARES_MAX - SORTS };

_Static_assert(40 + 20 + 46 + 12 + 12 + 16 + 12 + 12 + 8 + OTHERS * OTHER_ROOM <= OM_FINDINGS_MAX,
               "every sort has its room");

/* The shares of a verdict are those of SORTS, then others in the order in which they come. */
static struct om_verify_share *share_of(struct om_verify *v, const char *name) {
  for (; v->n_shares < SORTS; v->n_shares++) v->shares[v->n_shares].name = sorts[v->n_shares].name;
  for (size_t i = 0; i < v->n_shares; i++)
    if (strcmp(v->shares[i].name, name) == 0) return &v->shares[i];
  OM_ASSERT(v->n_shares < OM_FINDING_SHARES_MAX); /* they are words of this program */
  v->shares[v->n_shares].name = name;
  return &v->shares[v->n_shares++];
}

/* Any of them may turn out to have all the room. */
bool om_verify_full(struct om_verify *v, const char *name) {
  return share_of(v, name)->n >= OM_FINDINGS_MAX;
}

bool om_verify_too_many(struct om_verify *v, const char *name) {
  if (!om_verify_full(v, name)) return false;
  share_of(v, name)->more++;
  return true;
}

/* The finding; NULL: it is only counted. */
static struct om_verdict_finding *find(struct om_verify *v, const char *name, const char *kind, const char *fmt,
                                       va_list args) {
  struct om_verify_share *share = share_of(v, name);
  char text[OM_STATUS_TEXT_BYTES];
  if (om_verify_too_many(v, name)) return NULL;
  if (!share->items) share->items = om_arena_array(v->arena, OM_FINDINGS_MAX, sizeof *share->items);
  vsnprintf(text, sizeof text, fmt, args);
  struct om_verdict_finding *found = &share->items[share->n++];
  *found = (struct om_verdict_finding){.kind = kind, .text = om_arena_copy(v->arena, text, strlen(text) + 1)};
  return found;
}

/* Of the sort that KIND is of. */
static const char *name_of(const char *kind) {
  for (size_t i = 0; i < SORTS; i++)
    if (sorts[i].kind && strcmp(sorts[i].kind, kind) == 0) return sorts[i].name;
  return kind;
}

void om_verify_find(struct om_verify *v, const char *kind, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  find(v, name_of(kind), kind, fmt, args);
  va_end(args);
}

/* ---- names ---- */

const char *om_verify_who(const struct om_verify *v, char out[OM_VERIFY_WHO_BYTES], uint32_t member) {
  struct om_member row;
  struct om_status ignored; /* names are for show */
  if (om_registry_member(v->txn, &row, member, OM_REGISTRY_NOW, &ignored) == OM_OK)
    snprintf(out, OM_VERIFY_WHO_BYTES, "%s (member %u)", row.name, member);
  else
    snprintf(out, OM_VERIFY_WHO_BYTES, "member %u", member);
  return out;
}

const char *om_verify_site(const struct om_verify *v, char out[OM_VERIFY_SITE_BYTES], uint32_t member, uint32_t site) {
  char who[OM_VERIFY_WHO_BYTES];
  struct om_site where;
  struct om_status ignored; /* names are for show */
  int n;
  if (om_registry_site(v->txn, &where, member, site, OM_REGISTRY_NOW, &ignored) == OM_OK)
    n = snprintf(out, OM_VERIFY_SITE_BYTES, "%s (site %u) of ", where.name, site);
  else
    n = snprintf(out, OM_VERIFY_SITE_BYTES, "site %u of ", site);
  snprintf(out + n, OM_VERIFY_SITE_BYTES - (size_t)n, "%s", om_verify_who(v, who, member));
  return out;
}

/* ---- records in doubt ---- */

void om_verify_doubt(struct om_verify_doubtful *out, uint32_t log, uint64_t index) {
  out->all++;
  if (out->n == OM_FINDING_RECORDS_MAX) return;
  if (out->n == out->cap) {
    out->cap = out->cap == 0 ? 8 : 2 * out->cap;
    out->first = realloc(out->first, out->cap * sizeof *out->first);
    OM_ASSERT(out->first);
  }
  out->first[out->n++] = (struct om_place){.log = log, .index = index};
}

static int place_order(const void *a, const void *b) {
  const struct om_place *x = a, *y = b;
  if (x->log != y->log) return x->log < y->log ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

static void name_records(struct om_verify *v, struct om_verdict_finding *found,
                         const struct om_verify_doubtful *records) {
  enum { TEXT_BYTES = OM_NAME_BYTES + 24 };
  size_t room = OM_FINDING_RECORDS_MAX - v->n_doubtful, n = records->n < room ? records->n : room;
  const char **out = om_arena_array(v->arena, n, sizeof *out);
  if (records->n > 0) qsort(records->first, records->n, sizeof *records->first, place_order);
  for (size_t i = 0; i < n; i++) {
    char text[TEXT_BYTES];
    snprintf(text, sizeof text, "%s:%llu", om_verify_origin(v, records->first[i].log),
             (unsigned long long)records->first[i].index);
    out[i] = om_arena_copy(v->arena, text, strlen(text) + 1);
  }
  found->records = out;
  found->n_records = n;
  found->more_records = records->all - n;
  v->n_doubtful += n;
}

void om_verify_find_doubtful(struct om_verify *v, const char *kind, const struct om_verify_doubtful *records,
                             const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  struct om_verdict_finding *found = find(v, name_of(kind), kind, fmt, args);
  va_end(args);
  if (found) name_records(v, found, records);
}

void om_verify_find_in(struct om_verify *v, const char *name, const char *kind, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  find(v, name, kind, fmt, args);
  va_end(args);
}

void om_verify_tell_findings(struct om_verify *v) {
  struct om_verdict *out = v->verdict;
  size_t told[OM_FINDING_SHARES_MAX], left = OM_FINDINGS_MAX;
  for (size_t i = 0; i < v->n_shares; i++) {
    size_t room = i < SORTS ? sorts[i].room : OTHER_ROOM;
    told[i] = v->shares[i].n < room ? v->shares[i].n : room;
    left -= told[i];
  }
  out->findings = om_arena_array(v->arena, OM_FINDINGS_MAX, sizeof *out->findings);
  for (size_t i = 0; i < v->n_shares; i++) {
    const struct om_verify_share *share = &v->shares[i];
    size_t more = share->n - told[i] < left ? share->n - told[i] : left;
    left -= more;
    for (size_t k = 0; k < told[i] + more; k++) out->findings[out->n_findings++] = share->items[k];
    uint64_t cut = share->n - told[i] - more + share->more;
    if (cut > 0) out->left[out->n_left++] = (struct om_verdict_left){share->name, cut};
    out->more_findings += cut;
  }
}
