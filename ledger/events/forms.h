/* What the forms and the texts of the event kinds share: checks that need no state, each refused with the rule "form"
 * (or "content", "assay": a material that contradicts itself), and words for a person. Any thread. WHAT names the field
 * in the sentence; a wrapping call says where it stands. */
#ifndef OREMARK_LEDGER_EVENTS_FORMS_H
#define OREMARK_LEDGER_EVENTS_FORMS_H

#include "ledger/names.h"
#include "ledger/quantity.h"
#include "ledger/stage.h"
#include "ledger/text.h"

/* Lengths are in bytes of UTF-8. */
enum {
  OM_WORD_MAX = 64,    /* a code, number or label: waybill, method, contract */
  OM_TITLE_MAX = 128,  /* a name: trade name, feedstock, product */
  OM_REMARK_MAX = 256, /* a sentence: reason, note */
  OM_ALIASES_MAX = 64, /* bag tags of one lot: a 1 t lot has four drums, a 20 t container twenty bags */
  OM_SEALS_MAX = 64,   /* seals of one shipment: a unit train has some fifty wagons */
  OM_LOSSES_MAX = 16,  /* streams that a process loses metal to */
};

/* TEXT: showable, MIN to MAX bytes. */
enum om_code om_form_text(const char *what, const char *text, size_t min, size_t max, struct om_status *st);
/* At most MAX_N texts of 1 to MAX_LEN bytes, ascending by bytes, none twice. */
enum om_code om_form_texts(const char *what, char *const *texts, size_t n, size_t max_n, size_t max_len,
                           struct om_status *st);
/* VALUE is one of TYPE's; if STATED not 0. */
enum om_code om_form_enum(const char *what, const ProtobufCEnumDescriptor *type, int value, bool stated,
                          struct om_status *st);
enum om_code om_form_count(const char *what, size_t n, size_t min, size_t max, struct om_status *st);
/* A number that counts from 1: member, site. */
enum om_code om_form_number(const char *what, uint64_t number, struct om_status *st);
/* MIN to OM_MASS_MAX_MG. */
enum om_code om_form_mass(const char *what, uint64_t mg, uint64_t min, struct om_status *st);
/* An atomic number above BEFORE. */
enum om_code om_form_element(const char *what, uint32_t element, uint32_t before, struct om_status *st);
/* A fraction of one, or NULL: not stated. */
enum om_code om_form_fraction(const char *what, const Oremark__Decimal *d, struct om_status *st);
/* At most OM_LOT_METALS_MAX, ascending by element, none twice, each of MIN_MG or more. */
enum om_code om_form_masses(const char *what, Oremark__ElementMass *const *masses, size_t n, uint64_t min_mg,
                            struct om_status *st);
enum om_code om_form_country(const char *what, const char *country, struct om_status *st);
/* A public key: LEN is 32. Whether it is a point is the registry's to say. */
enum om_code om_form_key(const char *what, size_t len, struct om_status *st);
/* What is needed of a daemon is there; whether its keys are points is the registry's to say. */
enum om_code om_form_daemon(const Oremark__Daemon *daemon, struct om_status *st);
/* Ascending, none twice, at most OM_WITNESSES_MAX; no quorum without witnesses; NULL is refused. */
enum om_code om_form_witnesses(const Oremark__WitnessList *w, struct om_status *st);
/* Ascending, none twice, each one of the schema's. */
enum om_code om_form_roles(const Oremark__Role *roles, size_t n, struct om_status *st);
/* Exactly one of the two forms of a LotRef; NULL is refused. */
enum om_code om_form_ref(const char *what, const Oremark__LotRef *ref, struct om_status *st);
enum om_code om_form_refs(const char *what, Oremark__LotRef *const *refs, size_t n, size_t min, struct om_status *st);
/* MIN to MAX new lots, each with a stated form, at least MIN_METALS metals, its metals within its dry mass ("content")
 * and agreeing with their assays ("assay"). */
enum om_code om_form_materials(const char *what, Oremark__Material *const *materials, size_t n, size_t min, size_t max,
                               size_t min_metals, struct om_status *st);
enum om_code om_form_losses(Oremark__Loss *const *losses, size_t n, struct om_status *st);

/* "lot OM-...", "site 2 of member 4", "event 0 of statement 4-1700000000000-5f0c...". */
void om_text_subject(struct om_text *out, const Oremark__Subject *subject);
void om_text_event_ref(struct om_text *out, const Oremark__EventRef *ref);
/* "28.45 %". */
void om_text_decimal(struct om_text *out, const Oremark__Decimal *d);
/* "1 lot", "3 lots". */
void om_text_count(struct om_text *out, size_t n, const char *noun);
/* ": copper concentrate 20.000 t, Cu 5.690 t", and " and 2 more" where there are more. */
void om_text_materials(struct om_text *out, Oremark__Material *const *materials, size_t n);
/* "; lost Cu 0.100 t, Au 2 g": one loss after the other; nothing where there is none. */
void om_text_losses(struct om_text *out, Oremark__Loss *const *losses, size_t n);
/* Cu 5.690 t, Au 12 g: with BEFORE in front of the first. */
void om_text_masses(struct om_text *out, const char *before, Oremark__ElementMass *const *masses, size_t n);
/* "set the witnesses: the daemons of logs 1, 2". */
void om_text_witnesses(struct om_text *out, const Oremark__WitnessList *w);
/* ": smelter, refiner". */
void om_text_roles(struct om_text *out, const Oremark__Role *roles, size_t n);
/* ": what" where TEXT is not empty. */
void om_text_remark(struct om_text *out, const char *text);

#endif
