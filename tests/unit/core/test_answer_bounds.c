/* Answers to requests that ask for what is not there, for more than a message holds, or for what must be looked for
 * among very many. */
#include "support/test.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/answer.h"
#include "daemon/core/frame.h"
#include "support/custody.h"
#include "support/network.h"
#include "support/records.h"

enum { N = 101, GOVERNOR = 1, KEEPER = 2, HELD = 900 };

static const int64_t t0 = INT64_C(1710000000000);

struct fixture {
  struct network net;
  char *paths[NETWORK_MAX];
  struct om_ledger *ledgers[NETWORK_MAX];
  size_t n;
  struct custody c; /* its arena alone: events are made with it */
  struct om_txn *txn;
  /* What was answered last: */
  size_t replies, schemes, more_schemes, held;
  char code[32];
  bool enough;               /* the client is gone */
  size_t asked, least, most; /* how often it was asked after, and the bytes in use then */
};

static void open_fixture(struct fixture *f, size_t n) {
  memset(f, 0, sizeof *f);
  f->n = n;
  network_open(&f->net, n, false);
  network_ledgers(&f->net, f->paths, f->ledgers);
}

static void close_fixture(struct fixture *f) {
  om_arena_free(&f->c.arena);
  network_close_ledgers(&f->net, f->paths, f->ledgers);
}

static struct record say(struct fixture *f, uint32_t member, size_t daemon, Oremark__Event **events, size_t n) {
  struct om_status st = {0};
  struct om_receipt receipt;
  struct record r;
  r.bytes = network_statement(&f->net, &r.len, member, t0, events, n, &member, 1);
  assert_ok(network_submit(&f->net, daemon, f->ledgers[daemon], &receipt, r.bytes, r.len, t0, &st), &st);
  return r;
}

static bool put(void *ctx, const Oremark__Reply *reply) {
  struct fixture *f = ctx;
  assert_true(oremark__reply__get_packed_size(reply) <= OM_FRAME_MAX_BYTES);
  f->replies++;
  snprintf(f->code, sizeof f->code, "%s", reply->code);
  if (reply->what_case == OREMARK__REPLY__WHAT_REGISTRY) {
    f->schemes += reply->registry->n_schemes;
    f->more_schemes += reply->registry->more_schemes;
  }
  if (reply->what_case == OREMARK__REPLY__WHAT_HELD) f->held += reply->held->n_lots;
  return true;
}

static bool wanted(void *ctx) {
  struct fixture *f = ctx;
  size_t now = mallinfo2().uordblks;
  if (f->asked++ == 0) f->least = now;
  if (now > f->most) f->most = now;
  return !f->enough;
}

static void ask(struct fixture *f, size_t daemon, const Oremark__Request *request) {
  struct om_status st = {0};
  struct om_answer_sink sink = {.ctx = f, .put = put, .wanted = wanted};
  struct om_about about = {.network = f->net.id, .own_log = (uint32_t)daemon};
  f->replies = f->asked = f->most = f->schemes = f->more_schemes = f->held = 0;
  assert_ok(om_txn_read(&f->txn, om_ledger_store(f->ledgers[daemon]), &st), &st);
  om_answer(&sink, f->txn, &about, request);
  om_txn_abort(f->txn);
}

static void ask_site(struct fixture *f, uint32_t member, uint32_t site) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__ListAttestations list = OREMARK__LIST_ATTESTATIONS__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_LIST_ATTESTATIONS;
  request.list_attestations = &list;
  list.member = member;
  list.site = site;
  ask(f, 0, &request);
}

static void a_site_that_is_not_there_is_missing(void **state) {
  (void)state;
  struct fixture f;
  open_fixture(&f, 2);
  struct record site = record_site(&f.net, KEEPER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  struct om_receipt receipt;
  struct om_status st = {0};
  assert_ok(network_submit(&f.net, 0, f.ledgers[0], &receipt, site.bytes, site.len, t0, &st), &st);
  free(site.bytes);
  ask_site(&f, KEEPER, 0);
  assert_string_equal(f.code, "ok");
  ask_site(&f, KEEPER, 1);
  assert_string_equal(f.code, "ok");
  ask_site(&f, KEEPER, 2);
  assert_string_equal(f.code, "missing");
  ask_site(&f, KEEPER, UINT32_MAX); /* and it ends */
  assert_string_equal(f.code, "missing");
  f.enough = true;
  ask_site(&f, KEEPER, 0);
  assert_true(f.asked == 1 && f.replies == 0);
  close_fixture(&f);
}

/* A thousand schemes of a hundred firms each are more than a message holds with their names. */
static void more_schemes_than_a_message_holds(void **state) {
  (void)state;
  enum { SCHEMES = 1000, AT_ONCE = 200, NAME = 64 };
  static char names[AT_ONCE][NAME];
  static Oremark__RecogniseScheme acts[AT_ONCE];
  static Oremark__Event made[AT_ONCE], *events[AT_ONCE];
  static uint32_t certifiers[N - 1];
  struct fixture f;
  open_fixture(&f, N);
  for (uint32_t i = 0; i < N - 1; i++) certifiers[i] = i + 2;
  for (int from = 0; from < SCHEMES; from += AT_ONCE) {
    for (int i = 0; i < AT_ONCE; i++) {
      snprintf(names[i], NAME, "Scheme %d of the responsible sourcing of copper", from + i);
      acts[i] = (Oremark__RecogniseScheme)OREMARK__RECOGNISE_SCHEME__INIT;
      acts[i].scheme = names[i];
      acts[i].certifiers = certifiers;
      acts[i].n_certifiers = N - 1;
      made[i] = (Oremark__Event)OREMARK__EVENT__INIT;
      made[i].kind_case = OREMARK__EVENT__KIND_RECOGNISE_SCHEME;
      made[i].recognise_scheme = &acts[i];
      events[i] = &made[i];
    }
    free(say(&f, GOVERNOR, 0, events, AT_ONCE).bytes);
  }
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetRegistry get = OREMARK__GET_REGISTRY__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_REGISTRY;
  request.get_registry = &get;
  ask(&f, 0, &request);
  assert_string_equal(f.code, "ok");
  assert_true(f.schemes >= 300 && f.more_schemes > 0);
  assert_int_equal(f.schemes + f.more_schemes, SCHEMES);
  close_fixture(&f);
}

/* What others have on hold is passed over without being kept, and not for a client that is gone. */
static void a_walk_past_the_holds_of_others(void **state) {
  (void)state;
  static Oremark__Material *lots[HELD + 1];
  static Oremark__LotRef *refs[HELD + 1];
  static uint8_t numbers[HELD][OM_LOT_NUMBER_BYTES];
  static const uint32_t releasers[] = {1, 0};
  struct fixture f;
  struct om_status st = {0};
  struct om_hash id;
  open_fixture(&f, 3);
  assert_ok(network_settle(&f.net, f.ledgers, t0, &st), &st);
  struct record site = record_site(&f.net, KEEPER, 1, NULL, OREMARK__SITE_KIND__SITE_KIND_MINE, t0);
  struct om_receipt receipt;
  assert_ok(network_submit(&f.net, 0, f.ledgers[0], &receipt, site.bytes, site.len, t0, &st), &st);
  free(site.bytes);
  assert_ok(network_settle(&f.net, f.ledgers, t0, &st), &st);
  for (int i = 0; i < HELD; i++) lots[i] = copper(&f.c, 2000, 1000);
  Oremark__Event *made = extract(&f.c, 1, lots);
  struct record r = say(&f, KEEPER, KEEPER - 1, &made, 1);
  for (uint16_t i = 0; i < HELD; i++) {
    network_lot(&f.net, numbers[i], &id, r.bytes, r.len, 0, i);
    refs[i] = at_place(&f.c, 0, 0);
    refs[i]->number = (ProtobufCBinaryData){OM_LOT_NUMBER_BYTES, numbers[i]};
    refs[i]->last_event = (ProtobufCBinaryData){sizeof id.bytes, id.bytes};
  }
  free(r.bytes);
  Oremark__Event *held = hold(&f.c, OREMARK__HOLD_REASON__HOLD_REASON_QUARANTINE, 1, releasers, refs);
  free(say(&f, KEEPER, KEEPER - 1, &held, 1).bytes);
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__ListHeld list = OREMARK__LIST_HELD__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_LIST_HELD;
  request.list_held = &list;
  list.reason = OREMARK__HOLD_REASON__HOLD_REASON_QUARANTINE;
  ask(&f, KEEPER - 1, &request);
  assert_true(f.held == HELD && f.asked == 0);
  list.member = 3;
  ask(&f, KEEPER - 1, &request);
  assert_string_equal(f.code, "ok");
  assert_true(f.held == 0 && f.asked == HELD);
  assert_true(f.most <= f.least + (64 << 10));
  f.enough = true;
  ask(&f, KEEPER - 1, &request);
  assert_true(f.asked == 1 && f.replies == 0);
  close_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_site_that_is_not_there_is_missing),
      cmocka_unit_test(more_schemes_than_a_message_holds),
      cmocka_unit_test(a_walk_past_the_holds_of_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
