/* The documents that this daemon keeps: one file each, named by the SHA-256 of its bytes, in folders by the first byte.
 * A file gets its name once it is whole, has that hash and is durable; what is erased leaves an empty file
 * HASH.erased, so that it is not fetched again. Ownership: om_documents_close ends it. Thread: any; parts and
 * erasures take turns, reading waits for nobody. */
#ifndef OREMARK_DAEMON_IO_DOCUMENTS_H
#define OREMARK_DAEMON_IO_DOCUMENTS_H

#include "daemon/core/answer.h"
#include "ledger/documents.h"

enum {
  OM_UPLOADS_MAX = 16,    /* begun and not ended at once: of 16 MiB each, 256 MiB beside the documents */
  OM_UPLOAD_IDLE_S = 600, /* one that nobody has added to for so long is given up when room is needed */
};

struct om_documents;

/* Opens FOLDER, made if it is not there; removes what was begun and not ended. Documents may fill MAX_BYTES together.
 * OM_IO. */
enum om_code om_documents_open(struct om_documents **out, const char *folder, uint64_t max_bytes, struct om_status *st);
void om_documents_close(struct om_documents *documents);

/* What is held of HASH: by its file's presence and size alone, and with its bytes hashed again. *SIZE (may be NULL): of
 * what is held. */
enum om_document_state om_documents_state(struct om_documents *documents, uint64_t *size, const struct om_hash *hash);
enum om_document_state om_documents_check(struct om_documents *documents, uint64_t *size, const struct om_hash *hash);

/* Up to ROOM bytes of what is held from OFFSET on, and its whole *SIZE. At offset 0 the whole is hashed again first.
 * OM_MISSING, rule "document" or "erased"; OM_CORRUPT: the bytes have another hash; OM_IO. */
enum om_code om_documents_read(struct om_documents *documents, uint8_t *bytes, size_t *len, uint64_t *size,
                               const struct om_hash *hash, uint64_t offset, size_t room, struct om_status *st);

/* Adds a part of a document of SIZE bytes; *DONE: it is held now (or was before: the other parts are not needed).
 * OM_USAGE: parts that do not follow each other; OM_REFUSED: too large, or the whole has another hash; OM_FULL,
 * OM_BUSY, OM_IO. */
enum om_code om_documents_part(struct om_documents *documents, bool *done, const struct om_document_part *part,
                               struct om_status *st);
/* Takes a whole document in that came from a peer: not one that was erased here (OM_REFUSED, rule "erased"). */
enum om_code om_documents_whole(struct om_documents *documents, const struct om_hash *hash, const uint8_t *bytes,
                                size_t len, struct om_status *st);
/* Erases the bytes of HASH, if they are held, and remembers that; *WAS: they were. */
enum om_code om_documents_erase(struct om_documents *documents, bool *was, const struct om_hash *hash,
                                struct om_status *st);

/* Nothing is recorded that names a document which nobody can be asked for: OM_REFUSED, rule "document", unless every
 * document that STATEMENT names is held here with the size that it says, or was. */
enum om_code om_documents_door(struct om_documents *documents, const Oremark__Statement *statement,
                               struct om_status *st);

/* The same for those who answer. */
struct om_document_hooks om_documents_hooks(struct om_documents *documents);

#endif
