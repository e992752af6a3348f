/* The store of documents: parts, hashes, limits, erasing, and what a start finds. */
#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/io/documents.h"

enum { MIB = 1 << 20, HEX_BYTES = 2 * OM_HASH_BYTES + 1 };

struct store {
  char root[64], folder[96];
  struct om_documents *documents;
};

static void open_store(struct store *s, uint64_t max) {
  struct om_status st;
  assert_int_equal(om_documents_open(&s->documents, s->folder, max, &st), OM_OK);
}

static void make_store(struct store *s, uint64_t max) {
  snprintf(s->root, sizeof s->root, "/tmp/oremark-documents-XXXXXX");
  assert_non_null(mkdtemp(s->root));
  snprintf(s->folder, sizeof s->folder, "%s/documents", s->root);
  open_store(s, max);
}

static void end_store(struct store *s) {
  char command[128];
  om_documents_close(s->documents);
  snprintf(command, sizeof command, "rm -r %s", s->root);
  assert_int_equal(system(command), 0);
}

static void file_of(const struct store *s, char out[256], const struct om_hash *hash) {
  int n = snprintf(out, 256, "%s/%02x/", s->folder, hash->bytes[0]);
  for (size_t i = 0; i < OM_HASH_BYTES; i++) n += snprintf(out + n, 256 - (size_t)n, "%02x", hash->bytes[i]);
}

static size_t uploads(const struct store *s) {
  char path[256];
  size_t n = 0;
  snprintf(path, sizeof path, "%s/new", s->folder);
  DIR *dir = opendir(path);
  assert_non_null(dir);
  for (struct dirent *e; (e = readdir(dir)) != NULL;) n += e->d_name[0] != '.';
  closedir(dir);
  return n;
}

/* LEN bytes of a document that SEED tells from others. */
static uint8_t *bytes_of(struct om_hash *hash, size_t len, unsigned seed) {
  uint8_t *bytes = malloc(len);
  assert_non_null(bytes);
  for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)(seed + i * 7 + i / 251);
  om_sha256(hash, bytes, len);
  return bytes;
}

static enum om_code add(struct store *s, bool *done, const struct om_hash *hash, const uint8_t *bytes, size_t size,
                        size_t offset, size_t len, uint64_t upload) {
  struct om_status st;
  struct om_document_part part = {*hash, size, upload, offset, {bytes + offset, len}};
  return om_documents_part(s->documents, done, &part, &st);
}

static void parts_make_a_whole(void **state) {
  struct store s;
  struct om_hash hash;
  size_t size = 2 * OM_DOCUMENT_PART_BYTES + 5, len;
  uint64_t found;
  struct om_status st;
  bool done;
  (void)state;
  make_store(&s, 64 * MIB);
  uint8_t *bytes = bytes_of(&hash, size, 1), *back = malloc(size);
  assert_non_null(back);
  assert_int_equal(om_documents_state(s.documents, &found, &hash), OM_DOCUMENT_MISSING);
  for (size_t at = 0; at < size; at += len) {
    len = size - at < OM_DOCUMENT_PART_BYTES ? size - at : OM_DOCUMENT_PART_BYTES;
    assert_int_equal(om_documents_state(s.documents, &found, &hash), OM_DOCUMENT_MISSING);
    assert_int_equal(add(&s, &done, &hash, bytes, size, at, len, 7), OM_OK);
    assert_int_equal(done, at + len == size);
  }
  assert_int_equal(om_documents_check(s.documents, &found, &hash), OM_DOCUMENT_HELD);
  assert_int_equal(found, size);
  assert_int_equal(uploads(&s), 0);
  assert_int_equal(om_documents_read(s.documents, back, &len, &found, &hash, 0, size, &st), OM_OK);
  assert_int_equal(len, size);
  assert_memory_equal(back, bytes, size);
  assert_int_equal(om_documents_read(s.documents, back, &len, &found, &hash, size, size, &st), OM_USAGE);
  /* brought again: the first part says that it is there */
  assert_int_equal(add(&s, &done, &hash, bytes, size, 0, 10, 8), OM_OK);
  assert_true(done);
  free(bytes);
  free(back);
  end_store(&s);
}

static void two_bring_the_same(void **state) {
  struct store s;
  struct om_hash hash;
  bool done;
  (void)state;
  make_store(&s, 64 * MIB);
  uint8_t *bytes = bytes_of(&hash, 30, 2);
  assert_int_equal(add(&s, &done, &hash, bytes, 30, 0, 10, 1), OM_OK);
  assert_int_equal(add(&s, &done, &hash, bytes, 30, 0, 20, 2), OM_OK);
  assert_int_equal(add(&s, &done, &hash, bytes, 30, 10, 20, 1), OM_OK);
  assert_true(done);
  assert_int_equal(add(&s, &done, &hash, bytes, 30, 20, 10, 2), OM_OK);
  assert_int_equal(om_documents_check(s.documents, NULL, &hash), OM_DOCUMENT_HELD);
  free(bytes);
  end_store(&s);
}

static void bad_parts(void **state) {
  struct store s;
  struct om_hash hash, other;
  bool done;
  (void)state;
  make_store(&s, 64 * MIB);
  uint8_t *bytes = bytes_of(&hash, OM_DOCUMENT_PART_BYTES + 1, 3), *more = bytes_of(&other, 100, 4);
  assert_int_equal(add(&s, &done, &hash, bytes, 0, 0, 1, 1), OM_REFUSED);
  assert_int_equal(add(&s, &done, &hash, bytes, OM_DOCUMENT_MAX_BYTES + 1, 0, 1, 1), OM_REFUSED);
  assert_int_equal(add(&s, &done, &hash, bytes, 100, 0, 0, 1), OM_USAGE);
  assert_int_equal(add(&s, &done, &hash, bytes, 100, 0, 101, 1), OM_USAGE);
  assert_int_equal(add(&s, &done, &hash, bytes, OM_DOCUMENT_MAX_BYTES, 0, OM_DOCUMENT_PART_BYTES + 1, 1), OM_USAGE);
  assert_int_equal(add(&s, &done, &hash, bytes, 100, 50, 50, 1), OM_USAGE); /* not begun */
  assert_int_equal(add(&s, &done, &other, more, 100, 0, 50, 1), OM_OK);
  assert_int_equal(add(&s, &done, &other, more, 100, 60, 40, 1), OM_USAGE); /* a gap: it is given up */
  assert_int_equal(add(&s, &done, &other, more, 100, 50, 50, 1), OM_USAGE);
  assert_int_equal(add(&s, &done, &hash, more, 100, 0, 100, 1), OM_REFUSED); /* another hash */
  assert_int_equal(om_documents_state(s.documents, NULL, &hash), OM_DOCUMENT_MISSING);
  assert_int_equal(uploads(&s), 0);
  free(bytes);
  free(more);
  end_store(&s);
}

static void limits(void **state) {
  struct store s;
  struct om_hash hash;
  bool done;
  (void)state;
  make_store(&s, 100);
  uint8_t *bytes = bytes_of(&hash, 60, 5);
  assert_int_equal(add(&s, &done, &hash, bytes, 60, 0, 60, 1), OM_OK);
  free(bytes);
  bytes = bytes_of(&hash, 41, 6);
  assert_int_equal(add(&s, &done, &hash, bytes, 41, 0, 41, 1), OM_FULL);
  om_documents_close(s.documents);
  open_store(&s, 100); /* what is there counts */
  assert_int_equal(add(&s, &done, &hash, bytes, 41, 0, 41, 1), OM_FULL);
  om_documents_close(s.documents);
  open_store(&s, 101);
  for (uint64_t i = 0; i < OM_UPLOADS_MAX; i++) assert_int_equal(add(&s, &done, &hash, bytes, 41, 0, 1, i), OM_OK);
  assert_int_equal(add(&s, &done, &hash, bytes, 41, 0, 1, OM_UPLOADS_MAX), OM_BUSY);
  om_documents_close(s.documents);
  open_store(&s, 101); /* what was begun is gone */
  assert_int_equal(uploads(&s), 0);
  assert_int_equal(add(&s, &done, &hash, bytes, 41, 0, 41, 1), OM_OK);
  free(bytes);
  end_store(&s);
}

static void altered(void **state) {
  struct store s;
  struct om_hash hash;
  struct om_status st;
  uint8_t back[40];
  size_t len;
  uint64_t size;
  char path[256];
  bool done;
  (void)state;
  make_store(&s, MIB);
  uint8_t *bytes = bytes_of(&hash, 40, 7);
  assert_int_equal(om_documents_whole(s.documents, &hash, bytes, 40, &st), OM_OK);
  file_of(&s, path, &hash);
  FILE *file = fopen(path, "r+");
  assert_non_null(file);
  fputc(bytes[0] ^ 1, file);
  fclose(file);
  assert_int_equal(om_documents_state(s.documents, NULL, &hash), OM_DOCUMENT_HELD);
  assert_int_equal(om_documents_check(s.documents, NULL, &hash), OM_DOCUMENT_ALTERED);
  assert_int_equal(om_documents_read(s.documents, back, &len, &size, &hash, 0, sizeof back, &st), OM_CORRUPT);
  assert_int_equal(add(&s, &done, &hash, bytes, 40, 0, 40, 1), OM_OK); /* put again, it is mended */
  assert_int_equal(om_documents_check(s.documents, NULL, &hash), OM_DOCUMENT_HELD);
  free(bytes);
  end_store(&s);
}

static void erased(void **state) {
  struct store s;
  struct om_hash hash;
  struct om_status st;
  uint8_t back[50];
  size_t len;
  uint64_t size;
  bool was, done;
  (void)state;
  make_store(&s, 50);
  uint8_t *bytes = bytes_of(&hash, 50, 8);
  assert_int_equal(om_documents_erase(s.documents, &was, &hash, &st), OM_OK);
  assert_false(was);
  assert_int_equal(om_documents_state(s.documents, NULL, &hash), OM_DOCUMENT_MISSING);
  assert_int_equal(om_documents_whole(s.documents, &hash, bytes, 50, &st), OM_OK);
  assert_int_equal(om_documents_erase(s.documents, &was, &hash, &st), OM_OK);
  assert_true(was);
  om_documents_close(s.documents);
  open_store(&s, 50); /* it stays erased */
  assert_int_equal(om_documents_check(s.documents, NULL, &hash), OM_DOCUMENT_ERASED);
  assert_int_equal(om_documents_read(s.documents, back, &len, &size, &hash, 0, sizeof back, &st), OM_MISSING);
  assert_string_equal(st.rule, "erased");
  assert_int_equal(om_documents_whole(s.documents, &hash, bytes, 50, &st), OM_REFUSED); /* not from a peer */
  assert_int_equal(om_documents_state(s.documents, NULL, &hash), OM_DOCUMENT_ERASED);
  assert_int_equal(add(&s, &done, &hash, bytes, 50, 0, 50, 1), OM_OK); /* but by hand, and its room was free */
  assert_int_equal(om_documents_check(s.documents, NULL, &hash), OM_DOCUMENT_HELD);
  free(bytes);
  end_store(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(parts_make_a_whole),
                                     cmocka_unit_test(two_bring_the_same),
                                     cmocka_unit_test(bad_parts),
                                     cmocka_unit_test(limits),
                                     cmocka_unit_test(altered),
                                     cmocka_unit_test(erased)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
