/* What lots are made of, as a person writes it. New lots: --lot NAME begins one, and --form, --gross, --moisture,
 * --metal and
 * --alias after it belong to it; where none was begun they begin one without a name. A metal is Cu=5.69t@28.45%
 * (contained mass and assay), Cu=5.69t, or Cu@28.45% (the contained mass is worked out from gross, moisture and assay).
 * Everything lives in the arena that is named. Thread: the arena's. */
#ifndef OREMARK_CLI_MATERIAL_H
#define OREMARK_CLI_MATERIAL_H

#include "cli/args.h"
#include "ledger/arena.h"

enum {
  OM_MATERIAL_METALS_MAX = 16,  /* proto/quantity.proto */
  OM_MATERIAL_ALIASES_MAX = 64, /* proto/quantity.proto */
};

/* The new lots that ARGS describe. */
enum om_code om_materials_read(struct om_arena *arena, Oremark__Material ***out, size_t *n, const struct om_args *args,
                               struct om_status *st);

/* Reads "Cu=5.69t@28.45%" and its short forms. A contained mass of 0 in *OUT is still to be worked out. */
enum om_code om_metal_parse(struct om_arena *arena, Oremark__Metal **out, const char *text, struct om_status *st);

/* Every --metal of ARGS from FROM up to and without TO, as measured masses ("Cu=5.69t"), ascending. */
enum om_code om_measured_read(struct om_arena *arena, Oremark__ElementMass ***out, size_t *n,
                              const struct om_args *args, size_t from, size_t to, struct om_status *st);

/* Every --loss of ARGS: KIND:METAL=MASS[,METAL=MASS...][:NOTE]. */
enum om_code om_losses_read(struct om_arena *arena, Oremark__Loss ***out, size_t *n, const struct om_args *args,
                            struct om_status *st);

/* Every value of the option NAME, ascending by bytes; one given twice is OM_USAGE. */
enum om_code om_texts_read(struct om_arena *arena, char ***out, size_t *n, const struct om_args *args, const char *name,
                           struct om_status *st);

/* A copy of TEXT ("" for NULL). */
char *om_copy_text(struct om_arena *arena, const char *text);

#endif
