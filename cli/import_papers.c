/* What belongs to the rows of an import besides their cells: documents, named by hash as their rows are read and
 * brought to the daemon before the statement is submitted; and details that are sealed. */
#include <stdlib.h>
#include <string.h>

#include "cli/details.h"
#include "cli/import_state.h"

/* Sealed bytes in one statement's batch: eight are under way, and each is held several times while it is made. One more
 * detail may go beyond (OM_DETAIL_FILE_BYTES). */
enum { SEALED_BYTES_MAX = 4 << 20 };

bool om_import_papers_full(const struct om_import_batch *batch) {
  return batch->n > 0 && batch->sealed_bytes >= SEALED_BYTES_MAX;
}

enum om_code om_import_papers(struct om_import *import, struct om_import_batch *batch, const struct om_group *group,
                              Oremark__Event *event, struct om_status *st) {
  const struct om_papers from = {&group->args, import->folder};
  struct om_files *files = &batch->papers[batch->n];
  *files = (struct om_files){0};
  if (om_files_read(import->session, files, event, &from, st) ||
      om_details_seal(import->session, files, event, &from, &batch->draft, &import->session->network, st))
    return st->code;
  for (size_t i = 0; i < files->n; i++)
    if (files->files[i].bytes) batch->sealed_bytes += files->files[i].document.size;
  return OM_OK;
}

/* The file was read when its row was; it must be the same still. */
static enum om_code put_file(struct om_import *import, const struct om_file *file, struct om_status *st) {
  struct om_session *session = import->session;
  struct om_arena *arena = session->arena, only = {0};
  struct om_file again;
  session->arena = &only;
  enum om_code code = om_file_document(session, &again, file->path, st);
  if (code == OM_OK && memcmp(again.hash, file->hash, sizeof again.hash) != 0)
    code = om_fail(st, OM_USAGE, NULL, "%s was changed while it was imported", file->path);
  if (code == OM_OK) code = om_file_put(session, &again, st);
  session->arena = arena;
  om_arena_free(&only);
  return code;
}

enum om_code om_import_put_papers(struct om_import *import, const struct om_import_batch *batch, struct om_status *st) {
  char hex[2 * OM_HASH_BYTES + 1];
  for (size_t i = 0; i < batch->n; i++)
    for (size_t k = 0; k < batch->papers[i].n; k++) {
      const struct om_file *file = &batch->papers[i].files[k];
      om_hex(hex, file->hash, OM_HASH_BYTES);
      if (om_index_get(&import->held, hex)) continue;
      enum om_code code = file->bytes ? om_file_put(import->session, file, st) : put_file(import, file, st);
      /* The rows are not to blame: nothing of them has been signed yet, and the same command goes on with them. */
      if (om_import_is_refusal(code)) st->code = OM_IO;
      if (code != OM_OK) return st->code;
      om_index_put(&import->held, hex, import);
      import->documents++;
    }
  return OM_OK;
}
