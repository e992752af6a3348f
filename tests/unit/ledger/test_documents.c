/* What an event may say of its documents. */
#include "support/test.h"

#include <string.h>

#include "ledger/documents.h"
#include "ledger/events/kinds.h"

struct one {
  Oremark__Event event;
  Oremark__SetAddress act;
  Oremark__Document documents[OM_DOCUMENTS_MAX + 1];
  Oremark__Document *list[OM_DOCUMENTS_MAX + 1];
  uint8_t hashes[OM_DOCUMENTS_MAX + 1][OM_HASH_BYTES];
};

static void make(struct one *one, size_t n) {
  oremark__event__init(&one->event);
  for (size_t i = 0; i <= OM_DOCUMENTS_MAX; i++) {
    memset(one->hashes[i], 0, OM_HASH_BYTES);
    one->hashes[i][0] = (uint8_t)i;
    oremark__document__init(&one->documents[i]);
    one->documents[i].hash = (ProtobufCBinaryData){OM_HASH_BYTES, one->hashes[i]};
    one->documents[i].size = 1;
    one->documents[i].name = (char *)(uintptr_t) "assay.pdf";
    one->documents[i].media = (char *)(uintptr_t) "application/pdf";
    one->list[i] = &one->documents[i];
  }
  one->event.documents = one->list;
  one->event.n_documents = n;
}

static void is_good(struct one *one) {
  struct om_status st;
  assert_int_equal(om_documents_form(&one->event, &st), OM_OK);
}

static void is_bad(struct one *one, const char *why) {
  struct om_status st;
  assert_int_equal(om_documents_form(&one->event, &st), OM_REFUSED);
  assert_string_equal(st.rule, "form");
  if (strstr(st.text, why) == NULL) fail_msg("\"%s\" says nothing of \"%s\"", st.text, why);
}

static void counts_and_order(void **state) {
  struct one one;
  (void)state;
  for (size_t n = 0; n <= OM_DOCUMENTS_MAX; n++) {
    make(&one, n);
    is_good(&one);
  }
  make(&one, OM_DOCUMENTS_MAX + 1);
  is_bad(&one, "documents");
  make(&one, 3);
  one.list[1] = &one.documents[2], one.list[2] = &one.documents[1];
  is_bad(&one, "ascending");
  make(&one, 3);
  one.list[2] = one.list[1];
  is_bad(&one, "none twice");
}

static void fields(void **state) {
  static const char *const bad_media[] = {"pdf", "/pdf", "application/", "Application/pdf", "a/b/c", "text/plain; x=1"};
  struct one one;
  char name[OM_DOCUMENT_NAME_BYTES + 2];
  (void)state;
  make(&one, 1);
  one.documents[0].hash.len = 31;
  is_bad(&one, "31 bytes");
  make(&one, 1);
  one.documents[0].size = 0;
  is_bad(&one, "0 bytes");
  one.documents[0].size = OM_DOCUMENT_MAX_BYTES;
  is_good(&one);
  one.documents[0].size++;
  is_bad(&one, "16777217");
  make(&one, 1);
  memset(name, 'n', sizeof name);
  name[OM_DOCUMENT_NAME_BYTES] = '\0';
  one.documents[0].name = name;
  is_good(&one);
  name[OM_DOCUMENT_NAME_BYTES] = 'n', name[OM_DOCUMENT_NAME_BYTES + 1] = '\0';
  is_bad(&one, "its name");
  one.documents[0].name = (char *)(uintptr_t) "";
  is_bad(&one, "its name");
  one.documents[0].name = (char *)(uintptr_t) "a\nb";
  is_bad(&one, "its name");
  for (size_t i = 0; i < sizeof bad_media / sizeof bad_media[0]; i++) {
    make(&one, 1);
    one.documents[0].media = (char *)(uintptr_t)bad_media[i];
    is_bad(&one, "media type");
  }
  one.documents[0].media = (char *)(uintptr_t) "";
  is_good(&one);
}

/* Every kind of event may name documents: the common form looks at them before the kind's own. */
static void every_event(void **state) {
  struct one one;
  struct om_status st;
  (void)state;
  make(&one, 1);
  one.event.at_ms = 1;
  one.event.kind_case = OREMARK__EVENT__KIND_SET_ADDRESS;
  oremark__set_address__init(&one.act);
  one.act.address = (char *)(uintptr_t) "kamoto.example:7412";
  one.event.set_address = &one.act;
  one.documents[0].size = 0;
  assert_int_equal(om_event_form(&one.event, &st), OM_REFUSED);
  assert_non_null(strstr(st.text, "document no. 1"));
}

static void text(void **state) {
  struct one one;
  struct om_text line;
  (void)state;
  make(&one, 0);
  om_text_clear(&line);
  om_documents_text(&line, &one.event);
  assert_string_equal(line.bytes, "");
  make(&one, 1);
  om_documents_text(&line, &one.event);
  assert_string_equal(line.bytes, "; 1 document: assay.pdf");
  om_text_clear(&line);
  make(&one, 6);
  om_documents_text(&line, &one.event);
  assert_string_equal(line.bytes, "; 6 documents: assay.pdf, assay.pdf, assay.pdf, assay.pdf and 2 more");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(counts_and_order), cmocka_unit_test(fields),
                                     cmocka_unit_test(every_event), cmocka_unit_test(text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
