/* The table of event kinds: names, forms and texts. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "support/custody.h"

static void form_ok(struct custody *c, Oremark__Event *e, int line) {
  if (om_event_form(e, &c->st) == OM_OK) return;
  print_error("line %d: [%s] %s\n", line, c->st.rule, c->st.text);
  fail();
}

static void form_bad(struct custody *c, const char *rule, const char *words, Oremark__Event *e, int line) {
  om_status_clear(&c->st);
  enum om_code code = om_event_form(e, &c->st);
  if (code == OM_REFUSED && strcmp(c->st.rule, rule) == 0 && strstr(c->st.text, words)) return;
  print_error("line %d: wanted [%s] %s, got %s [%s] %s\n", line, rule, words, om_code_name(code), c->st.rule,
              c->st.text);
  fail();
}

#define GOOD(e) form_ok(c, e, __LINE__)
#define BAD(rule, words, e) form_bad(c, rule, words, e, __LINE__)

/* Every kind of the schema is in the table under the command's word, found by number and by name. */
static void all_kinds_are_there(void **state) {
  (void)state;
  size_t n = 0;
  for (unsigned i = 0; i < oremark__event__descriptor.n_fields; i++) {
    const ProtobufCFieldDescriptor *field = &oremark__event__descriptor.fields[i];
    if (field->id < 10) continue;
    Oremark__Event event = OREMARK__EVENT__INIT;
    event.kind_case = (Oremark__Event__KindCase)field->id;
    const struct om_kind *kind = om_kind_of(&event);
    assert_non_null(kind);
    assert_int_equal(kind->kind, field->id);
    char word[64];
    snprintf(word, sizeof word, "%s", field->name);
    for (char *at = word; *at; at++)
      if (*at == '_') *at = '-';
    assert_string_equal(kind->name, word);
    bool of_members = (field->id >= 75 && field->id < 78) || field->id == 81 || field->id >= 83;
    assert_int_equal(kind->class, field->id < 40   ? OM_KIND_CUSTODY
                                  : field->id < 60 ? OM_KIND_ATTESTATION
                                  : of_members     ? OM_KIND_MEMBER
                                                   : OM_KIND_GOVERNORS);
    assert_true(!kind->rule || kind->form);
    assert_non_null(kind->describe);
    n++;
  }
  assert_int_equal(n, 18 + 7 + 26);
  Oremark__Event none = OREMARK__EVENT__INIT;
  assert_null(om_kind_of(&none));
}

/* Every kind is built whole: form, rule (custody and attestations) and text. */
static void every_kind_has_its_rule(void **state) {
  (void)state;
  for (unsigned i = 0; i < oremark__event__descriptor.n_fields; i++) {
    Oremark__Event event = OREMARK__EVENT__INIT;
    event.kind_case = (Oremark__Event__KindCase)oremark__event__descriptor.fields[i].id;
    const struct om_kind *kind = om_kind_of(&event);
    if (!kind) continue;
    bool of_a_lot_or_attested = kind->class == OM_KIND_CUSTODY || kind->class == OM_KIND_ATTESTATION;
    assert_non_null(kind->form);
    assert_int_equal(kind->rule != NULL, of_a_lot_or_attested);
  }
}

static void times_and_previous(void **state) {
  struct custody *c = *state;
  uint8_t id[32] = {0};
  Oremark__Event *e = extract(c, 1, MATERIALS(copper(c, 10, 3)));
  GOOD(e);
  e->zone_min = 840;
  GOOD(e);
  e->zone_min = 841;
  BAD("form", "841", e);
  e->zone_min = -841;
  BAD("form", "-841", e);
  e->zone_min = 0;
  e->at_ms = 0;
  BAD("form", "no time", e);
  e->at_ms = INT64_MIN;
  BAD("form", "no time", e);
  e->at_ms = INT64_MAX;
  BAD("form", "no time", e);
  e->at_ms = 1;
  GOOD(e);
  e->previous = (ProtobufCBinaryData){32, id};
  BAD("form", "previous", e);
  Oremark__Event act = OREMARK__EVENT__INIT;
  Oremark__AddKey add = OREMARK__ADD_KEY__INIT;
  act.kind_case = OREMARK__EVENT__KIND_ADD_KEY;
  act.add_key = &add;
  act.at_ms = 1;
  add.key = (ProtobufCBinaryData){32, id};
  GOOD(&act);
  act.previous = (ProtobufCBinaryData){32, id};
  GOOD(&act);
  act.previous.len = 31;
  BAD("form", "31", &act);
  act.previous.len = 0;
  add.key.len = 33;
  BAD("form", "33", &act);
  Oremark__Event none = OREMARK__EVENT__INIT;
  BAD("form", "no kind", &none);
}

static Oremark__Decimal *decimal(struct custody *c, uint64_t digits, uint32_t places) {
  Oremark__Decimal *d = om_arena_copy(&c->arena, &(Oremark__Decimal)OREMARK__DECIMAL__INIT, sizeof *d);
  d->digits = digits;
  d->places = places;
  return d;
}

static void materials(void **state) {
  struct custody *c = *state;
#define OF(m) extract(c, 1, MATERIALS(m))
  Oremark__Material *m = copper(c, 20000, 5121);
  m->moisture = decimal(c, 1, 1);
  m->metals[0]->assay = decimal(c, 2845, 4);
  GOOD(OF(m)); /* 20000 * 0.9 * 0.2845 = 5121 */
  m->metals[0]->contained_mg = 5123;
  BAD("assay", "28.45 %", OF(m));
  BAD("assay", "5.121 g", OF(m));
  m->metals[0]->assay = decimal(c, 2, 0);
  BAD("form", "assay", OF(m));
  m->metals[0]->assay = NULL;
  m->metals[0]->contained_mg = 18000;
  GOOD(OF(m));
  m->metals[0]->contained_mg = 18001;
  BAD("content", "18.000 g", OF(m));
  m->moisture = decimal(c, 0, 10);
  BAD("form", "moisture", OF(m));
  m = MATERIAL(c, INT64_MAX, {CU, INT64_MAX}, {AU, INT64_MAX});
  BAD("content", "over", OF(m)); /* the sum does not wrap */
  BAD("content", "metals", OF(MATERIAL(c, 10, {CU, 6}, {AU, 5})));
  GOOD(OF(MATERIAL(c, 11, {CU, 6}, {AU, 5})));
  BAD("form", "ascending", OF(MATERIAL(c, 11, {AU, 6}, {CU, 5})));
  BAD("form", "ascending", OF(MATERIAL(c, 11, {CU, 5}, {CU, 5})));
  BAD("form", "atomic", OF(MATERIAL(c, 11, {0, 5})));
  BAD("form", "atomic", OF(MATERIAL(c, 11, {119, 5})));
  BAD("form", "zero", OF(MATERIAL(c, 11, {CU, 0})));
  BAD("form", "gross", OF(copper(c, 0, 5)));
  BAD("form", "metals", OF(material(c, 11, NULL, 0)));
  m = copper(c, 11, 5);
  m->form = OREMARK__FORM__FORM_UNSTATED;
  BAD("form", "form", OF(m));
  m->form = (Oremark__Form)99;
  BAD("form", "99", OF(m));
  BAD("form", "site", extract(c, 0, MATERIALS(copper(c, 11, 5))));
  BAD("form", "at least 1", extract(c, 1, NULL));
}

static void texts_of_materials(void **state) {
  struct custody *c = *state;
  Oremark__Material *m = copper(c, 11, 5);
  char long_name[140], *aliases[65];
  memset(long_name, 'x', sizeof long_name);
  long_name[129] = '\0';
  m->name = long_name;
  BAD("form", "129", OF(m));
  long_name[128] = '\0';
  GOOD(OF(m));
  m->name = (char[]){"bell\a"};
  BAD("form", "name", OF(m));
  m->name = (char[]){"\xc3("};
  BAD("form", "name", OF(m));
  m->name = (char[]){"cuivre \xc3\xa9lectrolytique"};
  GOOD(OF(m));
  m->aliases = aliases;
  m->n_aliases = 2;
  aliases[0] = (char[]){"A-1"}, aliases[1] = (char[]){"A-2"};
  GOOD(OF(m));
  aliases[1] = (char[]){"A-1"};
  BAD("form", "ascending", OF(m));
  aliases[1] = (char[]){""};
  BAD("form", "missing", OF(m));
  m->n_aliases = 65;
  BAD("form", "64", OF(m));
}

static void references(void **state) {
  struct custody *c = *state;
  uint8_t bytes[40] = {0};
#define TO(r) ship(c, 2, false, LOTS(r))
  Oremark__LotRef *ref = at_place(c, 255, 999);
  GOOD(TO(ref));
  ref->event = 256;
  BAD("form", "256", TO(ref));
  ref->event = 0, ref->output = 1000;
  BAD("form", "1000", TO(ref));
  ref->output = 0;
  ref->number = (ProtobufCBinaryData){20, bytes};
  BAD("form", "last event", TO(ref));
  ref->last_event = (ProtobufCBinaryData){32, bytes};
  GOOD(TO(ref));
  ref->output = 1;
  BAD("form", "exactly one", TO(ref));
  ref->output = 0;
  ref->number.len = 21;
  BAD("form", "21", TO(ref));
  ref->number.len = 0;
  BAD("form", "given 0", TO(ref));
  BAD("form", "lots", ship(c, 2, false, NULL));
  BAD("form", "lot is missing", split(c, NULL, MATERIALS(copper(c, 11, 5), copper(c, 11, 5))));
  BAD("form", "whole", combine(c, LOTS(at_place(c, 0, 0), at_place(c, 0, 1)), NULL));
  BAD("form", "consignee", ship(c, 0, false, LOTS(at_place(c, 0, 0))));
}

static void other_fields(void **state) {
  struct custody *c = *state;
  Oremark__Event *e = reject(c, LOTS(at_place(c, 0, 0)));
  GOOD(e);
  e->reject->reason = (char[]){""};
  BAD("form", "reason", e);
  e = retire(c, LOTS(at_place(c, 0, 0)));
  e->retire->country = (char[]){"DE"};
  GOOD(e);
  e->retire->country = (char[]){"de"};
  BAD("form", "capital", e);
  e->retire->country = (char[]){""};
  e->retire->reason = OREMARK__RETIRE_REASON__RETIRE_REASON_UNSTATED;
  BAD("form", "reason", e);
  e = collect(c, 1, OREMARK__WASTE_CLASS__WASTE_CLASS_UNSTATED, MATERIALS(copper(c, 11, 5)));
  BAD("form", "waste class", e);
  e->collect->waste = OREMARK__WASTE_CLASS__WASTE_CLASS_MANUFACTURING;
  uint8_t low[20] = {1}, high[20] = {2};
  e->collect->product_lots = (ProtobufCBinaryData[]){{20, low}, {20, high}};
  e->collect->n_product_lots = 2;
  GOOD(e);
  e->collect->product_lots = (ProtobufCBinaryData[]){{20, high}, {20, low}};
  BAD("form", "ascending", e);
  e = transform(c, OREMARK__PROCESS__PROCESS_UNSTATED, LOTS(at_place(c, 0, 0)), MATERIALS(copper(c, 11, 5)), NULL);
  BAD("form", "process", e);
  e = transform(c, OREMARK__PROCESS__PROCESS_SMELT, LOTS(at_place(c, 0, 0)), MATERIALS(copper(c, 11, 5)),
                LOSSES(loss(c, CU, 0)));
  BAD("form", "zero", e);
  e->transform->losses[0]->metals[0]->mass_mg = (uint64_t)INT64_MAX + 1;
  BAD("form", "largest", e);
  e = charge(c, NULL, LOTS(at_place(c, 0, 0)));
  GOOD(e);
  e->charge->process = OREMARK__PROCESS__PROCESS_UNSTATED;
  BAD("form", "process", e);
  e = charge(c, at_place(c, 0, 0), LOTS(at_place(c, 0, 1)));
  GOOD(e);
  e->charge->name = (char[]){"cell house"};
  BAD("form", "name and process", e);
  e = receive(c, 1, LOTS(at_place(c, 0, 0)));
  measured(c, e, 0, 0, METALS({AU, 1}, {CU, 1}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_UNSTATED);
  BAD("form", "ascending", e);
}

static bool names_four(void *ctx, char out[OM_TEXT_NAME_BYTES], uint32_t member, uint32_t site) {
  (void)ctx;
  strcpy(out, site == 2 ? "Smelter" : "Ilo");
  return member == 4 && (site == 0 || site == 2);
}

static void says(const char *wanted, const Oremark__Event *e) {
  struct om_text text;
  om_text_clear(&text);
  om_kind_of(e)->describe(&text, e);
  assert_string_equal(text.bytes, wanted);
  assert_int_equal(text.len, strlen(wanted));
}

static void events_in_words(void **state) {
  struct custody *c = *state;
  Oremark__Material *m = copper(c, UINT64_C(20) * T, UINT64_C(5690) * KG);
  Oremark__LotRef *ref = at_place(c, 0, 0);
  m->name = (char[]){"copper concentrate"};
  says("extract 1 lot at site 1: copper concentrate 20.000 t, Cu 5.690 t", extract(c, 1, MATERIALS(m)));
  says(
      "declare 5 lots without history at site 2: copper concentrate 20.000 t, Cu 5.690 t; copper concentrate 20.000 t, "
      "Cu 5.690 t; "
      "copper concentrate 20.000 t, Cu 5.690 t and 2 more",
      declare(c, 2, MATERIALS(m, m, m, m, m)));
  Oremark__Event *e = collect(c, 1, OREMARK__WASTE_CLASS__WASTE_CLASS_POST_CONSUMER, MATERIALS(m));
  e->collect->feedstock = (char[]){"circuit boards"};
  says("collect 1 lot of post-consumer waste at site 1 (circuit boards): copper concentrate 20.000 t, Cu 5.690 t", e);
  e = ship(c, 4, true, LOTS(ref, ref, ref));
  e->ship->mode = OREMARK__TRANSPORT_MODE__TRANSPORT_MODE_INLAND_WATER;
  e->ship->waybill = (char[]){"B/L 7"};
  says("ship 3 lots to member 4 by inland-water, with title, waybill B/L 7", e);
  struct om_text named;
  om_text_clear(&named);
  named.namer = names_four;
  om_kind_of(e)->describe(&named, e);
  assert_string_equal(named.bytes, "ship 3 lots to Ilo (member 4) by inland-water, with title, waybill B/L 7");
  e = receive(c, 2, LOTS(ref, ref));
  om_text_clear(&named);
  named.namer = names_four;
  named.speaker = 4;
  om_kind_of(e)->describe(&named, e);
  assert_string_equal(named.bytes, "receive 2 lots at Smelter (site 2)");
  e = receive(c, 1, LOTS(ref, ref));
  says("receive 2 lots at site 1", e);
  measured(c, e, 1, 0, METALS({CU, 1}), OREMARK__SHORTAGE_REASON__SHORTAGE_REASON_ASSAY);
  says("receive 2 lots at site 1, 1 with a shortage", e);
  says("reject 1 lot: wet", reject(c, LOTS(ref)));
  m->name = (char[]){""};
  says("smelt 2 lots into 1 at site 1: concentrate 20.000 t, Cu 5.690 t; lost Cu 1.000 kg, Au 1 mg",
       transform(c, OREMARK__PROCESS__PROCESS_SMELT, LOTS(ref, ref), MATERIALS(m),
                 LOSSES(loss(c, CU, KG), loss(c, AU, 1))));
  says("split 1 lot into 2: concentrate 20.000 t, Cu 5.690 t; concentrate 20.000 t, Cu 5.690 t",
       split(c, ref, MATERIALS(m, m)));
  says("combine 2 lots: concentrate 20.000 t, Cu 5.690 t", combine(c, LOTS(ref, ref), m));
  e = retire(c, LOTS(ref));
  e->retire->product = (char[]){"cable drum 9"};
  e->retire->country = (char[]){"DE"};
  says("retire 1 lot, built-in (DE): cable drum 9", e);
  says("charge 1 lot into a new pool to smelt at site 1", charge(c, NULL, LOTS(ref)));
  says("charge 1 lot into a pool at site 1", charge(c, ref, LOTS(ref)));
  says("draw 1 lot from a pool: concentrate 20.000 t, Cu 5.690 t", draw(c, ref, MATERIALS(m), NULL));
  says("take stock of a pool: gross 9 mg, Cu 3 mg, Au 1 mg", stocktake(c, ref, 9, METALS({CU, 3}, {AU, 1})));
  const Oremark__HoldReason reserve = OREMARK__HOLD_REASON__HOLD_REASON_STRATEGIC_RESERVE;
  says("hold 1 lot (strategic-reserve) until 2 of member 3, member 5, member 6 sign the release",
       hold(c, reserve, 2, (const uint32_t[]){3, 5, 6, 0}, LOTS(ref)));
  says("hold 1 lot (strategic-reserve) until 1 of member 3 signs the release",
       hold(c, reserve, 1, (const uint32_t[]){3, 0}, LOTS(ref)));
  e = release(c, LOTS(ref, ref));
  e->release->note = (char[]){"council of 3 May"};
  says("release 2 lots from hold: council of 3 May", e);
  says("transfer title of 1 lot from member 1 to member 6", transfer_title(c, 1, 6, LOTS(ref)));
  e = settle(c, 1, ref);
  says("settle 1 lot with member 1: as received", e);
  e->settle->contract = (char[]){"K-7"};
  agreed(c, e, 9 * KG, METALS({CU, 3 * KG}));
  says("settle 1 lot with member 1: gross 9.000 kg, Cu 3.000 kg, contract K-7", e);
  agreed(c, e, 0, METALS({CU, 3 * KG}));
  says("settle 1 lot with member 1: Cu 3.000 kg, contract K-7", e);
}

static void materials_of_events(void **state) {
  struct custody *c = *state;
  Oremark__Material *m = copper(c, 2, 1);
  Oremark__LotRef *ref = at_place(c, 0, 0);
  size_t n, skip;
  assert_ptr_equal(om_event_materials(extract(c, 1, MATERIALS(m, m)), &n, &skip)[1], m);
  assert_true(n == 2 && skip == 0);
  assert_ptr_equal(om_event_materials(draw(c, ref, MATERIALS(m), NULL), &n, &skip)[0], m);
  assert_true(n == 1 && skip == 1);
  assert_ptr_equal(om_event_materials(combine(c, LOTS(ref, ref), m), &n, &skip)[0], m);
  assert_true(n == 1 && skip == 0);
  om_event_materials(ship(c, 1, false, LOTS(ref)), &n, &skip);
  assert_int_equal(n, 0);
}

static void lines_of_text_are_cut_at_a_character(void **state) {
  (void)state;
  struct om_text text;
  for (size_t lead = 0; lead < 4; lead++) {
    om_text_clear(&text);
    om_text_add(&text, "%.*s", (int)lead, "abcd");
    for (int i = 0; i < 300; i++) om_text_add(&text, "\xc3\xa9");
    assert_true(text.cut);
    assert_int_equal(strlen(text.bytes), text.len);
    assert_true(text.len < sizeof text.bytes && text.len > sizeof text.bytes - 4);
    assert_string_equal(text.bytes + text.len - 3, "...");
    assert_int_equal((text.len - 3 - lead) % 2, 0);
  }
  om_text_clear(&text);
  om_text_add(&text, "a\nb%c", 0x7F);
  assert_string_equal(text.bytes, "a?b?");
  assert_false(text.cut);
  om_text_clear(&text);
  for (int i = 0; i < OM_TEXT_BYTES - 1; i++) om_text_add(&text, "x");
  assert_false(text.cut);
  om_text_add(&text, "y");
  assert_true(text.cut);
}

static void words_for_values(void **state) {
  (void)state;
  char word[OM_ENUM_WORD_BYTES];
  const ProtobufCEnumDescriptor *const types[] = {
      &oremark__process__descriptor,         &oremark__form__descriptor,          &oremark__role__descriptor,
      &oremark__site_kind__descriptor,       &oremark__waste_class__descriptor,   &oremark__transport_mode__descriptor,
      &oremark__shortage_reason__descriptor, &oremark__retire_reason__descriptor, &oremark__loss_kind__descriptor,
      &oremark__flag_category__descriptor};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    for (unsigned v = 0; v < types[i]->n_values; v++) {
      int back = -1;
      om_enum_word(word, types[i], types[i]->values[v].value);
      assert_true(om_enum_parse(&back, types[i], word));
      assert_int_equal(back, types[i]->values[v].value);
    }
  int value = -1;
  assert_string_equal(om_enum_word(word, &oremark__form__descriptor, OREMARK__FORM__FORM_SEMI_PRODUCT), "semi-product");
  assert_string_equal(om_enum_word(word, &oremark__form__descriptor, 99), "99");
  assert_true(om_enum_parse(&value, &oremark__form__descriptor, "Semi Product"));
  assert_int_equal(value, OREMARK__FORM__FORM_SEMI_PRODUCT);
  assert_false(om_enum_parse(&value, &oremark__form__descriptor, "semi"));
  assert_false(om_enum_parse(&value, &oremark__form__descriptor, "semi-products"));
  assert_false(om_enum_parse(&value, &oremark__form__descriptor, ""));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, custody_setup, custody_teardown)
  const struct CMUnitTest tests[] = {
      TEST(all_kinds_are_there), TEST(every_kind_has_its_rule),
      TEST(times_and_previous),  TEST(materials),
      TEST(texts_of_materials),  TEST(references),
      TEST(other_fields),        TEST(events_in_words),
      TEST(materials_of_events), TEST(lines_of_text_are_cut_at_a_character),
      TEST(words_for_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
