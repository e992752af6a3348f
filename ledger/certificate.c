#include "ledger/certificate.h"

#include <string.h>

#include "ledger/times.h"

enum { HEAD_BYTES = 8 + 8 + 8 + 1 + 1, SECOND_MS = 1000 };

_Static_assert(HEAD_BYTES + OM_ATTESTED_ABOUT_MAX + OM_SCHEME_BYTES <= OM_ATTESTED_KEPT_MAX, "a certificate is kept");

size_t om_certificate_pack(uint8_t out[OM_ATTESTED_KEPT_MAX], const struct om_certificate *c) {
  size_t len = strlen(c->scheme);
  OM_ASSERT(len <= OM_SCHEME_BYTES && c->subject.len <= OM_ATTESTED_ABOUT_MAX);
  om_be64(out, (uint64_t)c->from_ms);
  om_be64(out + 8, (uint64_t)c->until_ms);
  om_be64(out + 16, (uint64_t)c->quantity_mg);
  out[24] = c->element;
  out[25] = (uint8_t)c->subject.len;
  memcpy(out + HEAD_BYTES, c->subject.bytes, c->subject.len);
  memcpy(out + HEAD_BYTES + c->subject.len, c->scheme, len);
  return HEAD_BYTES + c->subject.len + len;
}

bool om_certificate_unpack(struct om_certificate *out, const uint8_t *kept, size_t len) {
  *out = (struct om_certificate){0};
  if (len < HEAD_BYTES || kept[25] > OM_ATTESTED_ABOUT_MAX || len < HEAD_BYTES + (size_t)kept[25] ||
      len > HEAD_BYTES + (size_t)kept[25] + OM_SCHEME_BYTES)
    return false;
  out->from_ms = (int64_t)om_get64(kept);
  out->until_ms = (int64_t)om_get64(kept + 8);
  out->quantity_mg = (int64_t)om_get64(kept + 16);
  out->element = kept[24];
  out->subject.len = kept[25];
  memcpy(out->subject.bytes, kept + HEAD_BYTES, out->subject.len);
  memcpy(out->scheme, kept + HEAD_BYTES + out->subject.len, len - HEAD_BYTES - out->subject.len);
  return true;
}

static enum om_code find_end(struct om_txn *txn, struct om_certificate_end *out, const struct om_place *place,
                             struct om_status *st) {
  struct om_place by = {0};
  struct om_attested row;
  int kind;
  *out = (struct om_certificate_end){.until_ms = INT64_MAX};
  while (om_attested_end(txn, &by, &kind, place)) {
    struct om_certificate_end end = {.ended = true, .by = by, .until_ms = INT64_MAX};
    if (om_attested_get(txn, &row, &by, st) != OM_OK) return st->code;
    end.at_ms = row.at_ms;
    uint64_t time_s = om_times_final(txn, by.log, by.index);
    if (time_s > 0 && time_s <= (uint64_t)(OM_TIME_MAX_MS / SECOND_MS)) {
      int64_t final_ms = (int64_t)time_s * SECOND_MS + SECOND_MS - 1;
      end.until_ms = end.at_ms > final_ms ? end.at_ms : final_ms;
    }
    if (!out->ended || end.until_ms < out->until_ms) *out = end;
  }
  return om_txn_check(txn, st);
}

enum om_code om_certificate_get(struct om_txn *txn, struct om_certificate *out, struct om_attested *row,
                                struct om_certificate_end *end, const struct om_place *place, struct om_status *st) {
  enum om_code code = om_attested_get(txn, row, place, st);
  if (code != OM_OK) return code;
  if (row->kind != OREMARK__EVENT__KIND_CERTIFY) return om_fail(st, OM_MISSING, NULL, "no certificate stands there");
  if (!om_certificate_unpack(out, row->kept, row->n_kept))
    return om_fail(st, OM_CORRUPT, NULL, "a stored certificate can't be read: " OM_STORE_DAMAGED);
  return find_end(txn, end, place, st);
}

enum om_valid om_valid_at(int64_t from_ms, int64_t until_ms, int64_t at_ms, uint64_t time_s) {
  bool event_inside = at_ms >= from_ms && at_ms < until_ms;
  if (time_s == 0 || time_s > (uint64_t)(OM_TIME_MAX_MS / SECOND_MS)) return OM_VALID_UNKNOWN;
  int64_t first_ms = (int64_t)time_s * SECOND_MS, last_ms = first_ms + SECOND_MS - 1;
  bool final_inside = first_ms >= from_ms && last_ms < until_ms;
  bool final_outside = last_ms < from_ms || first_ms >= until_ms;
  if (event_inside && final_inside) return OM_VALID;
  return !event_inside && final_outside ? OM_VALID_NOT : OM_VALID_UNKNOWN;
}
