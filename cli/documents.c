#include "cli/documents.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/clock.h"
#include "cli/file.h"
#include "cli/show.h"
#include "cli/views.h"

enum { FETCH_MAX_MS = 60000 /* 16 MiB over a link of 2.5 Mbit/s */, FETCH_EACH_MS = 50 };

/* What papers come as. */
static const struct {
  const char *ending, *media;
} medias[] = {
    {".pdf", "application/pdf"}, {".png", "image/png"},         {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},     {".tif", "image/tiff"},        {".tiff", "image/tiff"},
    {".txt", "text/plain"},      {".csv", "text/csv"},          {".xml", "application/xml"},
    {".html", "text/html"},      {".json", "application/json"}, {".jsonld", "application/ld+json"},
};

static const char *media_of(const char *name) {
  const char *ending = strrchr(name, '.');
  for (size_t i = 0; ending && i < sizeof medias / sizeof medias[0]; i++)
    if (strcasecmp(ending, medias[i].ending) == 0) return medias[i].media;
  return "";
}

enum om_code om_file_document(struct om_session *session, struct om_file *out, const char *path, struct om_status *st) {
  const char *slash = strrchr(path, '/');
  uint8_t *bytes;
  size_t len;
  struct om_hash hash;
  if (om_file_read(session->arena, &bytes, &len, path, OM_DOCUMENT_MAX_BYTES, st)) return st->code;
  if (len == 0) return om_fail(st, OM_USAGE, NULL, "%s is empty: there is nothing to keep", path);
  om_sha256(&hash, bytes, len);
  memcpy(out->hash, hash.bytes, sizeof out->hash);
  out->bytes = bytes;
  out->path = path;
  oremark__document__init(&out->document);
  out->document.hash = (ProtobufCBinaryData){sizeof out->hash, out->hash};
  out->document.size = len;
  out->document.name = om_arena_copy(session->arena, slash ? slash + 1 : path, strlen(slash ? slash + 1 : path) + 1);
  out->document.media = (char *)(uintptr_t)media_of(out->document.name);
  return OM_OK;
}

void om_file_made(struct om_arena *arena, struct om_file *out, const char *name, const char *media,
                  const uint8_t *bytes, size_t len) {
  struct om_hash hash;
  om_sha256(&hash, bytes, len);
  memcpy(out->hash, hash.bytes, sizeof out->hash);
  out->bytes = om_arena_copy(arena, bytes, len);
  out->path = NULL;
  oremark__document__init(&out->document);
  out->document.hash = (ProtobufCBinaryData){sizeof out->hash, out->hash};
  out->document.size = len;
  out->document.name = (char *)(uintptr_t)name;
  out->document.media = (char *)(uintptr_t)media;
}

static int by_hash(const void *a, const void *b) {
  return memcmp(((const struct om_file *)a)->hash, ((const struct om_file *)b)->hash, OM_HASH_BYTES);
}

const char *om_papers_path(struct om_arena *arena, const struct om_papers *from, const char *path) {
  const char *folder = *from->folder ? from->folder : "./"; /* "-" in a row is a file's name, not standard input */
  size_t len = strlen(folder) + strlen(path) + 1;
  if (*path == '/' || (!*from->folder && (!from->args->from_rows || strcmp(path, "-") != 0))) return path;
  char *out = om_arena_alloc(arena, len);
  snprintf(out, len, "%s%s", folder, path);
  return out;
}

/* Of a row only what names it is kept: hundreds of rows may have the same document, and it is read again when it is
 * brought to the daemon. */
static enum om_code read_one(struct om_session *session, struct om_file *out, const struct om_papers *from,
                             const char *path, struct om_status *st) {
  struct om_arena *arena = session->arena, only = {0};
  path = om_papers_path(arena, from, path);
  if (!from->args->from_rows) return om_file_document(session, out, path, st);
  session->arena = &only;
  enum om_code code = om_file_document(session, out, path, st);
  session->arena = arena;
  if (code == OM_OK) out->document.name = om_arena_copy(arena, out->document.name, strlen(out->document.name) + 1);
  out->bytes = NULL;
  om_arena_free(&only);
  return code == OM_OK ? OM_OK : (st->code = OM_USAGE); /* the row is wrong, not the machine */
}

enum om_code om_files_read(struct om_session *session, struct om_files *out, Oremark__Event *event,
                           const struct om_papers *from, struct om_status *st) {
  const struct om_args *args = from->args;
  size_t n = 0;
  for (size_t i = 0; i < args->n; i++) n += om_given_is(&args->given[i], "document");
  *out = (struct om_files){.files = n ? om_arena_array(session->arena, n, sizeof *out->files) : NULL};
  if (n == 0) return OM_OK;
  for (size_t i = 0; i < args->n; i++)
    if (om_given_is(&args->given[i], "document") &&
        read_one(session, &out->files[out->n++], from, args->given[i].value, st))
      return om_given_wrap(&args->given[i], st);
  qsort(out->files, out->n, sizeof *out->files, by_hash);
  event->documents = om_arena_array(session->arena, out->n, sizeof(Oremark__Document *));
  for (event->n_documents = 0; event->n_documents < out->n; event->n_documents++) {
    struct om_file *file = &out->files[event->n_documents];
    file->document.hash.data = file->hash; /* it has been moved */
    event->documents[event->n_documents] = &file->document;
    if (event->n_documents > 0 && by_hash(file - 1, file) == 0)
      return om_fail(st, OM_USAGE, NULL, "%s and %s have the same bytes: name one of them", file[-1].path, file->path);
  }
  return OM_OK;
}

void om_files_add(struct om_session *session, struct om_files *files, Oremark__Event *event,
                  const struct om_file *file) {
  struct om_file *all = om_arena_array(session->arena, files->n + 1, sizeof *all);
  for (size_t i = 0; i < files->n; i++) all[i] = files->files[i];
  all[files->n++] = *file;
  qsort(all, files->n, sizeof *all, by_hash);
  files->files = all;
  event->documents = om_arena_array(session->arena, files->n, sizeof(Oremark__Document *));
  event->n_documents = files->n;
  for (size_t i = 0; i < files->n; i++) {
    all[i].document.hash.data = all[i].hash;
    event->documents[i] = &all[i].document;
  }
}

enum om_code om_file_put(struct om_session *session, const struct om_file *file, struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__PutDocument put = OREMARK__PUT_DOCUMENT__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_PUT_DOCUMENT;
  request.put_document = &put;
  put.hash = file->document.hash;
  put.size = file->document.size;
  randombytes_buf(&put.upload, sizeof put.upload);
  for (bool held = false; !held; put.offset += put.part.len) {
    Oremark__Reply *reply;
    uint64_t left = put.size - put.offset;
    put.part.data = (uint8_t *)(uintptr_t)file->bytes + put.offset;
    put.part.len = left < OM_DOCUMENT_PART_BYTES ? (size_t)left : OM_DOCUMENT_PART_BYTES;
    if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_DOCUMENT_STATE, st))
      return om_wrap(st, "%s", file->document.name);
    held = strcmp(reply->document_state->state, om_document_state_name(OM_DOCUMENT_HELD)) == 0;
    oremark__reply__free_unpacked(reply, NULL);
    if (!held && put.part.len == left)
      return om_fail(st, OM_IO, NULL, "%s: the daemon has all of it and does not say that it holds it",
                     file->document.name);
  }
  return OM_OK;
}

enum om_code om_files_put(struct om_session *session, const struct om_files *files, struct om_status *st) {
  for (size_t i = 0; i < files->n; i++)
    if (om_file_put(session, &files->files[i], st)) return st->code;
  return OM_OK;
}

/* Adds what REPLY brings to the LEN bytes at *OUT. */
static enum om_code take_part(struct om_session *session, uint8_t **out, size_t *len, const Oremark__Reply *reply,
                              struct om_status *st) {
  const Oremark__DocumentPart *part = reply->document_part;
  if (reply->what_case != OREMARK__REPLY__WHAT_DOCUMENT_PART || part->offset != *len ||
      part->size > OM_DOCUMENT_MAX_BYTES || part->part.len > part->size - *len)
    return om_fail(st, OM_IO, NULL, "the daemon sent something else than a document: are both of one version?");
  if (!*out) *out = om_arena_alloc(session->arena, (size_t)part->size);
  memcpy(*out + *len, part->part.data, part->part.len);
  *len += part->part.len;
  if (!reply->more && *len != part->size)
    return om_fail(st, OM_IO, NULL, "the daemon sent %zu of %llu bytes", *len, (unsigned long long)part->size);
  return OM_OK;
}

/* Waits until the daemon holds HASH, or says why it does not. */
static enum om_code fetch(struct om_session *session, const uint8_t hash[OM_HASH_BYTES], struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__FetchDocument asked = OREMARK__FETCH_DOCUMENT__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_FETCH_DOCUMENT;
  request.fetch_document = &asked;
  asked.hash = (ProtobufCBinaryData){OM_HASH_BYTES, (uint8_t *)(uintptr_t)hash};
  for (int64_t until = om_tick_ms() + FETCH_MAX_MS; om_tick_ms() < until; om_sleep_ms(FETCH_EACH_MS)) {
    Oremark__Reply *reply;
    if (om_ask(session, &reply, &request, OREMARK__REPLY__WHAT_DOCUMENT_STATE, st)) return st->code;
    bool fetching = strcmp(reply->document_state->state, "fetching") == 0,
         nowhere = strcmp(reply->document_state->state, "nowhere") == 0;
    oremark__reply__free_unpacked(reply, NULL);
    if (nowhere)
      return om_fail(st, OM_MISSING, "document",
                     "the document is not held here, and no daemon that is linked now has it; 'oremark peers' shows "
                     "them");
    if (!fetching) return OM_OK;
  }
  return om_fail(st, OM_MISSING, "document",
                 "the document has not come from another daemon in %d s; it may still come: try again",
                 FETCH_MAX_MS / 1000);
}

enum om_code om_document_get(struct om_session *session, const uint8_t **out, size_t *len,
                             const uint8_t hash[OM_HASH_BYTES], struct om_status *st) {
  Oremark__Request request = OREMARK__REQUEST__INIT;
  Oremark__GetDocument get = OREMARK__GET_DOCUMENT__INIT;
  Oremark__Reply *reply;
  struct om_hash found;
  uint8_t *bytes = NULL;
  request.what_case = OREMARK__REQUEST__WHAT_GET_DOCUMENT;
  request.get_document = &get;
  get.hash = (ProtobufCBinaryData){OM_HASH_BYTES, (uint8_t *)(uintptr_t)hash};
  *len = 0;
  if (fetch(session, hash, st) || om_session_call(session, &reply, &request, st)) return st->code;
  uint64_t size = 0;
  bool more = true;
  while (more) {
    enum om_code code = take_part(session, &bytes, len, reply, st);
    size = code == OM_OK ? reply->document_part->size : 0;
    more = code == OM_OK && reply->more;
    if (more && om_client_next(session->client, &reply, st)) return st->code;
    if (!more) oremark__reply__free_unpacked(reply, NULL);
    if (code != OM_OK) return code;
  }
  om_sha256(&found, bytes, (size_t)size);
  if (memcmp(found.bytes, hash, OM_HASH_BYTES) != 0)
    return om_fail(st, OM_CORRUPT, "document", "the daemon sent bytes with another hash than was asked for");
  *out = bytes;
  return OM_OK;
}

enum om_code om_document_hash(uint8_t out[OM_HASH_BYTES], const char *text, struct om_status *st) {
  if (om_hex_parse(out, OM_HASH_BYTES, text)) return OM_OK;
  return om_fail(st, OM_USAGE, NULL,
                 "'%s' names no document: a document is named by the 64 hexadecimal digits of its SHA-256 ('oremark "
                 "document list LOT' shows them)",
                 text);
}
