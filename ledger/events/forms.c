#include "ledger/events/forms.h"

#include <string.h>

#include "keys/utf8.h"
#include "ledger/events/kinds.h"

static const char FORM[] = "form";

/* ---- single fields ---- */

enum om_code om_form_text(const char *what, const char *text, size_t min, size_t max, struct om_status *st) {
  size_t len = strlen(text);
  if (len == 0 && min == 0) return OM_OK;
  if (len < min) return om_fail(st, OM_REFUSED, FORM, "%s is missing: say it", what);
  if (len > max) return om_fail(st, OM_REFUSED, FORM, "%s has %zu bytes: shorten it to %zu", what, len, max);
  if (!om_text_ok(text, len))
    return om_fail(st, OM_REFUSED, FORM,
                   "%s holds a character that is not text (a control character, or bytes that are not UTF-8)", what);
  return OM_OK;
}

enum om_code om_form_texts(const char *what, char *const *texts, size_t n, size_t max_n, size_t max_len,
                           struct om_status *st) {
  if (om_form_count(what, n, 0, max_n, st) != OM_OK) return st->code;
  for (size_t i = 0; i < n; i++) {
    if (om_form_text(what, texts[i], 1, max_len, st) != OM_OK) return om_wrap(st, "no. %zu", i + 1);
    if (i > 0 && strcmp(texts[i - 1], texts[i]) >= 0)
      return om_fail(st, OM_REFUSED, FORM, "%s: \"%s\" stands after \"%s\": put them in ascending order, none twice",
                     what, texts[i], texts[i - 1]);
  }
  return OM_OK;
}

enum om_code om_form_enum(const char *what, const ProtobufCEnumDescriptor *type, int value, bool stated,
                          struct om_status *st) {
  if (!protobuf_c_enum_descriptor_get_value(type, value))
    return om_fail(st, OM_REFUSED, FORM, "%s: %d is none of the known values", what, value);
  if (stated && value == 0) return om_fail(st, OM_REFUSED, FORM, "%s is not stated: state it", what);
  return OM_OK;
}

enum om_code om_form_count(const char *what, size_t n, size_t min, size_t max, struct om_status *st) {
  if (n < min) return om_fail(st, OM_REFUSED, FORM, "%s: %zu given, at least %zu wanted", what, n, min);
  if (n > max)
    return om_fail(st, OM_REFUSED, FORM, "%s: %zu given, at most %zu go into one event: make several events of it",
                   what, n, max);
  return OM_OK;
}

enum om_code om_form_number(const char *what, uint64_t number, struct om_status *st) {
  if (number > 0) return OM_OK;
  return om_fail(st, OM_REFUSED, FORM, "%s is missing: numbers begin with 1", what);
}

enum om_code om_form_mass(const char *what, uint64_t mg, uint64_t min, struct om_status *st) {
  if (mg < min) return om_fail(st, OM_REFUSED, FORM, "%s is zero: state it in milligrams", what);
  if (mg > OM_MASS_MAX_MG)
    return om_fail(st, OM_REFUSED, FORM, "%s: %llu mg is more than the largest mass, 2^63 - 1 mg: check the unit", what,
                   (unsigned long long)mg);
  return OM_OK;
}

enum om_code om_form_element(const char *what, uint32_t element, uint32_t before, struct om_status *st) {
  if (element == 0 || element > OM_ELEMENT_MAX)
    return om_fail(st, OM_REFUSED, FORM, "%s: %u is no atomic number (1 to %d)", what, element, OM_ELEMENT_MAX);
  if (element <= before)
    return om_fail(st, OM_REFUSED, FORM, "%s: %s stands after %s: put elements in ascending order, none twice", what,
                   om_element_symbol((uint8_t)element), om_element_symbol((uint8_t)before));
  return OM_OK;
}

enum om_code om_form_masses(const char *what, Oremark__ElementMass *const *masses, size_t n, uint64_t min_mg,
                            struct om_status *st) {
  if (om_form_count(what, n, 0, OM_LOT_METALS_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < n; i++) {
    if (om_form_element(what, masses[i]->element, i > 0 ? masses[i - 1]->element : 0, st) != OM_OK) return st->code;
    if (om_form_mass(what, masses[i]->mass_mg, min_mg, st) != OM_OK)
      return om_wrap(st, "%s", om_element_symbol((uint8_t)masses[i]->element));
  }
  return OM_OK;
}

enum om_code om_form_country(const char *what, const char *country, struct om_status *st) {
  size_t len = strlen(country);
  if (om_country_ok(country, len)) return OM_OK;
  return om_fail(st, OM_REFUSED, FORM, "%s \"%s\": write the two capital letters of ISO 3166-1, like CL", what,
                 country);
}

enum om_code om_form_key(const char *what, size_t len, struct om_status *st) {
  if (len == OM_HASH_BYTES) return OM_OK;
  return om_fail(st, OM_REFUSED, FORM, "%s has %zu bytes: a public key has 32", what, len);
}

/* ---- references ---- */

enum om_code om_form_ref(const char *what, const Oremark__LotRef *ref, struct om_status *st) {
  if (!ref) return om_fail(st, OM_REFUSED, FORM, "%s is missing: name a lot", what);
  if (ref->number.len == 0 && ref->last_event.len == 0) {
    if (ref->event < OM_EVENTS_MAX && ref->output < OM_EVENT_LOTS_MAX) return OM_OK;
    return om_fail(st, OM_REFUSED, FORM, "%s: event %u, output %u can't be in one statement", what, ref->event,
                   ref->output);
  }
  if (ref->event != 0 || ref->output != 0)
    return om_fail(st, OM_REFUSED, FORM,
                   "%s names a lot both by number and by a place in the statement: give exactly one of the two", what);
  if (ref->number.len != OM_LOT_NUMBER_BYTES || ref->last_event.len != OM_HASH_BYTES)
    return om_fail(
        st, OM_REFUSED, FORM,
        "%s: a lot is named by its number (%d bytes; given %zu) and the id of its last event (%d; given %zu)", what,
        OM_LOT_NUMBER_BYTES, ref->number.len, OM_HASH_BYTES, ref->last_event.len);
  return OM_OK;
}

enum om_code om_form_refs(const char *what, Oremark__LotRef *const *refs, size_t n, size_t min, struct om_status *st) {
  if (om_form_count(what, n, min, OM_EVENT_LOTS_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < n; i++)
    if (om_form_ref(what, refs[i], st) != OM_OK) return om_wrap(st, "no. %zu", i + 1);
  return OM_OK;
}

/* ---- materials ---- */

static struct om_decimal decimal(const Oremark__Decimal *d) {
  return d ? (struct om_decimal){d->digits, d->places} : (struct om_decimal){0, 0};
}

enum om_code om_form_fraction(const char *what, const Oremark__Decimal *d, struct om_status *st) {
  if (!d || om_fraction_ok(decimal(d))) return OM_OK;
  return om_fail(st, OM_REFUSED, FORM,
                 "%s is no fraction between 0 and 1 with at most %d places (28.45 %% is 2845 with 4 places)", what,
                 OM_PLACES_MAX);
}

static enum om_code form_metals(const Oremark__Material *m, struct om_status *st) {
  for (size_t i = 0; i < m->n_metals; i++) {
    const Oremark__Metal *metal = m->metals[i];
    if (om_form_element("metals", metal->element, i > 0 ? m->metals[i - 1]->element : 0, st) != OM_OK) return st->code;
    const char *symbol = om_element_symbol((uint8_t)metal->element);
    if (om_form_mass("contained metal", metal->contained_mg, 1, st) != OM_OK) return om_wrap(st, "%s", symbol);
    if (om_form_fraction("assay", metal->assay, st) != OM_OK) return om_wrap(st, "%s", symbol);
  }
  return OM_OK;
}

/* All metals together are no more than what is not water. */
static enum om_code check_content(const Oremark__Material *m, struct om_status *st) {
  struct om_decimal moisture = decimal(m->moisture);
  uint64_t unit = 1;
  for (uint32_t i = 0; i < moisture.places; i++) unit *= 10;
  om_u128 dry = (om_u128)m->gross_mg * (unit - moisture.digits) / unit;
  om_u128 sum = 0;
  for (size_t i = 0; i < m->n_metals; i++) sum += m->metals[i]->contained_mg;
  if (sum <= dry) return OM_OK;
  char metals[OM_MASS_TEXT_BYTES], mass[OM_MASS_TEXT_BYTES];
  om_mass_format(mass, sizeof mass, (int64_t)dry);
  om_mass_format(metals, sizeof metals, sum > OM_MASS_MAX_MG ? OM_MASS_MAX_MG : (int64_t)sum);
  return om_fail(
      st, OM_REFUSED, "content",
      "its metals come to %s%s, but without its water it weighs %s: check gross mass, moisture and contained metals",
      sum > OM_MASS_MAX_MG ? "over " : "", metals, mass);
}

static enum om_code check_assay(const Oremark__Material *m, const Oremark__Metal *metal, struct om_status *st) {
  struct om_decimal assay = decimal(metal->assay), moisture = decimal(m->moisture);
  if (om_contained_agrees((int64_t)metal->contained_mg, (int64_t)m->gross_mg, moisture, assay)) return OM_OK;
  char stated[OM_MASS_TEXT_BYTES], wanted[OM_MASS_TEXT_BYTES], percent[OM_DECIMAL_TEXT_BYTES];
  om_mass_format(stated, sizeof stated, (int64_t)metal->contained_mg);
  om_mass_format(wanted, sizeof wanted, om_contained((int64_t)m->gross_mg, moisture, assay));
  return om_fail(st, OM_REFUSED, "assay",
                 "%s: %s contained does not agree with gross mass, moisture and an assay of %s, which give %s",
                 om_element_symbol((uint8_t)metal->element), stated, om_decimal_format(percent, sizeof percent, assay),
                 wanted);
}

static enum om_code form_material(const Oremark__Material *m, size_t min_metals, struct om_status *st) {
  if (om_form_enum("form", &oremark__form__descriptor, (int)m->form, true, st) != OM_OK) return st->code;
  if (om_form_text("name", m->name, 0, OM_TITLE_MAX, st) != OM_OK) return st->code;
  if (om_form_mass("gross mass", m->gross_mg, 1, st) != OM_OK) return st->code;
  if (om_form_fraction("moisture", m->moisture, st) != OM_OK) return st->code;
  if (om_form_count("metals", m->n_metals, min_metals, OM_LOT_METALS_MAX, st) != OM_OK) return st->code;
  if (om_form_texts("aliases", m->aliases, m->n_aliases, OM_ALIASES_MAX, OM_ALIAS_BYTES, st) != OM_OK) return st->code;
  if (form_metals(m, st) != OM_OK || check_content(m, st) != OM_OK) return st->code;
  for (size_t i = 0; i < m->n_metals; i++)
    if (m->metals[i]->assay && check_assay(m, m->metals[i], st) != OM_OK) return st->code;
  return OM_OK;
}

enum om_code om_form_materials(const char *what, Oremark__Material *const *materials, size_t n, size_t min, size_t max,
                               size_t min_metals, struct om_status *st) {
  if (om_form_count(what, n, min, max, st) != OM_OK) return st->code;
  for (size_t i = 0; i < n; i++)
    if (form_material(materials[i], min_metals, st) != OM_OK) return om_wrap(st, "%s: no. %zu", what, i + 1);
  return OM_OK;
}

enum om_code om_form_losses(Oremark__Loss *const *losses, size_t n, struct om_status *st) {
  if (om_form_count("losses", n, 0, OM_LOSSES_MAX, st) != OM_OK) return st->code;
  for (size_t i = 0; i < n; i++) {
    const Oremark__Loss *loss = losses[i];
    if (om_form_enum("kind", &oremark__loss_kind__descriptor, (int)loss->kind, true, st) != OM_OK ||
        om_form_count("metals", loss->n_metals, 1, OM_LOT_METALS_MAX, st) != OM_OK ||
        om_form_masses("metals", loss->metals, loss->n_metals, 1, st) != OM_OK ||
        om_form_text("note", loss->note, 0, OM_REMARK_MAX, st) != OM_OK)
      return om_wrap(st, "losses: no. %zu", i + 1);
  }
  return OM_OK;
}

/* ---- words ---- */

void om_text_count(struct om_text *out, size_t n, const char *noun) {
  om_text_add(out, "%zu %s%s", n, noun, n == 1 ? "" : "s");
}

static void add_mass(struct om_text *out, const char *before, uint64_t mg) {
  char mass[OM_MASS_TEXT_BYTES];
  om_text_add(out, "%s%s", before, om_mass_format(mass, sizeof mass, (int64_t)mg));
}

static void add_material(struct om_text *out, const Oremark__Material *m) {
  char form[OM_ENUM_WORD_BYTES];
  om_enum_word(form, &oremark__form__descriptor, (int)m->form);
  om_text_add(out, "%s", m->name[0] ? m->name : form);
  add_mass(out, " ", m->gross_mg);
  for (size_t i = 0; i < m->n_metals; i++) {
    om_text_add(out, ", %s", om_element_symbol((uint8_t)m->metals[i]->element));
    add_mass(out, " ", m->metals[i]->contained_mg);
  }
}

void om_text_materials(struct om_text *out, Oremark__Material *const *materials, size_t n) {
  enum { SHOWN = 3 }; /* what fits the two lines */
  for (size_t i = 0; i < n && i < SHOWN; i++) {
    om_text_add(out, i == 0 ? ": " : "; ");
    add_material(out, materials[i]);
  }
  if (n > SHOWN) om_text_add(out, " and %zu more", n - SHOWN);
}

void om_text_masses(struct om_text *out, const char *before, Oremark__ElementMass *const *masses, size_t n) {
  for (size_t i = 0; i < n; i++) {
    om_text_add(out, "%s%s", i == 0 ? before : ", ", om_element_symbol((uint8_t)masses[i]->element));
    add_mass(out, " ", masses[i]->mass_mg);
  }
}

void om_text_losses(struct om_text *out, Oremark__Loss *const *losses, size_t n) {
  for (size_t i = 0; i < n; i++) om_text_masses(out, i == 0 ? "; lost " : ", ", losses[i]->metals, losses[i]->n_metals);
}

void om_text_remark(struct om_text *out, const char *text) {
  if (text[0]) om_text_add(out, ": %s", text);
}
