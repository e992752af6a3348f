/* Signed notes and checkpoints: what is parsed can be written again to the same bytes. */
#include "fuzz/fuzz.h"
#include "ledger/note.h"

/* The note out of its parts. Lines of one name and key twice are allowed to a reader, not to a writer. */
static void rebuild(const struct om_note *note, const uint8_t *data, size_t len) {
  char again[OM_NOTE_BYTES_MAX];
  size_t again_len;
  struct om_status st = {0};
  OM_ASSERT(om_note_begin(again, &again_len, note->text, note->text_len, &st) == OM_OK);
  for (size_t i = 0; i < note->n; i++) {
    const struct om_note_line *line = &note->lines[i];
    const char *from = line->name - strlen("— "), *to = line->base64 + line->base64_len + 1;
    if (om_note_add_line(again, &again_len, from, (size_t)(to - from), &st) == OM_OK) continue;
    fuzz_refusal(&st, OM_REFUSED);
    return;
  }
  OM_ASSERT(again_len == len && memcmp(again, data, len) == 0);
}

static void checkpoint(const struct om_note *note) {
  struct om_checkpoint head;
  struct om_status st = {0};
  char text[OM_CHECKPOINT_BYTES];
  size_t extensions;
  enum om_code code = om_checkpoint_parse(&head, NULL, note->text, note->text_len, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, code);
  } else {
    size_t len = om_checkpoint_format(text, &head);
    OM_ASSERT(len == note->text_len && memcmp(text, note->text, len) == 0);
  }
  if (om_checkpoint_parse(&head, &extensions, note->text, note->text_len, &st) == OM_OK)
    OM_ASSERT((extensions == 0) == (code == OM_OK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const uint8_t base_point[OM_PUBLIC_BYTES] = {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                                      0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                                      0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66};
  struct om_note note;
  struct om_status st = {0};
  uint64_t time_s;
  enum om_code code = om_note_parse(&note, (const char *)data, len, &st);
  if (code != OM_OK) {
    fuzz_refusal(&st, OM_MALFORMED);
    return 0;
  }
  OM_ASSERT(note.n >= 1 && note.n <= OM_NOTE_SIGNATURES_MAX);
  rebuild(&note, data, len);
  checkpoint(&note);
  OM_ASSERT(om_note_verify_log(&note, "fuzz.example/log", base_point, &st) != OM_OK);
  OM_ASSERT(om_note_verify_cosignature(&note, &time_s, "fuzz.example/w", base_point, &st) != OM_OK);
  return 0;
}
