/* Files that belong to an event: named in it by their hashes, brought to the daemon before it is submitted. Thread:
 * one. */
#ifndef OREMARK_CLI_DOCUMENTS_H
#define OREMARK_CLI_DOCUMENTS_H

#include "cli/session.h"
#include "ledger/documents.h"

struct om_file {
  Oremark__Document document;
  uint8_t hash[OM_HASH_BYTES]; /* the document's points here */
  const uint8_t *bytes;        /* document.size of them */
  const char *path;            /* as typed; NULL: it was made here */
};

/* Where an event's papers are said: the options --document, --secret and --secret-to of ARGS, with paths in FOLDER. */
struct om_papers {
  const struct om_args *args;
  const char *folder; /* "data/", for what a row of data/x.csv names; "": paths are as they stand */
};

struct om_files {
  struct om_file *files; /* ascending by hash, in the session's arena */
  size_t n;
};

/* The file at PATH as a document: 1 byte to OM_DOCUMENT_MAX_BYTES, named as the file is, its media type by the name's
 * ending. */
enum om_code om_file_document(struct om_session *session, struct om_file *out, const char *path, struct om_status *st);
/* LEN bytes, copied into ARENA, as a document. */
void om_file_made(struct om_arena *arena, struct om_file *out, const char *name, const char *media,
                  const uint8_t *bytes, size_t len);
/* Reads the files of the --document options of FROM and names them in EVENT. */
enum om_code om_files_read(struct om_session *session, struct om_files *out, Oremark__Event *event,
                           const struct om_papers *from, struct om_status *st);
/* PATH as FROM's folder has it, in ARENA. */
const char *om_papers_path(struct om_arena *arena, const struct om_papers *from, const char *path);
/* Adds FILE, and names it in EVENT too. */
void om_files_add(struct om_session *session, struct om_files *files, Oremark__Event *event,
                  const struct om_file *file);
/* Brings their bytes to the daemon. */
enum om_code om_files_put(struct om_session *session, const struct om_files *files, struct om_status *st);
enum om_code om_file_put(struct om_session *session, const struct om_file *file, struct om_status *st);
/* The bytes of the document HASH from the daemon, in the session's arena; they have that hash. */
enum om_code om_document_get(struct om_session *session, const uint8_t **out, size_t *len,
                             const uint8_t hash[OM_HASH_BYTES], struct om_status *st);
/* A document's name: 64 hexadecimal digits. */
enum om_code om_document_hash(uint8_t out[OM_HASH_BYTES], const char *text, struct om_status *st);

#endif
