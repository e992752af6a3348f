#include <stdlib.h>
#include <string.h>

#include "cli/act.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    {"site", "SITE", "where the waste was taken in: number or name of one of your own sites"},
    {"waste", "CLASS", "manufacturing or post-consumer"},
    {"feedstock", "TEXT", "what it was: \"printed circuit boards\""},
    {"product", "TEXT", "the product it came from, where known"},
    {"product-lot", "LOT", "a lot that was retired into that product (a claim); may be repeated"},
    {NULL, NULL, NULL},
};

static int by_number(const void *a, const void *b) {
  const ProtobufCBinaryData *x = a, *y = b;
  return memcmp(x->data, y->data, OM_LOT_NUMBER_BYTES);
}

static enum om_code product_lots(struct om_session *session, Oremark__Collect *collect, const struct om_args *args,
                                 struct om_status *st) {
  collect->product_lots = om_arena_array(session->arena, args->n, sizeof *collect->product_lots);
  for (size_t i = 0; i < args->n; i++) {
    if (!om_given_is(&args->given[i], "product-lot")) continue;
    uint8_t number[OM_LOT_NUMBER_BYTES];
    if (om_session_number(session, number, args->given[i].value, st)) return om_given_wrap(&args->given[i], st);
    ProtobufCBinaryData *at = &collect->product_lots[collect->n_product_lots++];
    at->data = om_arena_copy(session->arena, number, sizeof number);
    at->len = sizeof number;
  }
  qsort(collect->product_lots, collect->n_product_lots, sizeof *collect->product_lots, by_number);
  return OM_OK;
}

static enum om_code build(struct om_session *session, const struct om_args *args, Oremark__Event *event,
                          struct om_status *st) {
  Oremark__Collect *collect = om_arena_alloc(session->arena, sizeof *collect);
  oremark__collect__init(collect);
  const struct om_given *waste;
  int value;
  if (om_args_words(args, 0, 0, st) || om_session_own_site(session, &collect->site, args, "site", st) ||
      om_args_need(args, &waste, "waste", st) || om_given_word(waste, &value, &oremark__waste_class__descriptor, st) ||
      om_materials_read(session->arena, &collect->lots, &collect->n_lots, args, st) ||
      product_lots(session, collect, args, st))
    return st->code;
  collect->waste = (Oremark__WasteClass)value;
  collect->feedstock = om_copy_text(session->arena, om_args_value(args, "feedstock"));
  collect->product = om_copy_text(session->arena, om_args_value(args, "product"));
  event->kind_case = OREMARK__EVENT__KIND_COLLECT;
  event->collect = collect;
  return OM_OK;
}

const struct om_command om_command_collect = {
    .name = "collect",
    .summary = "Record new lots from waste.",
    .help =
        "Example:\n"
        "  oremark collect --site \"Ronnskar\" --waste post-consumer --feedstock \"printed circuit boards\" \\\n"
        "    --lot \"shredded boards\" --form scrap --gross \"12 t\" --metal Cu=2.1t --metal Au=1.8kg\n",
    .options = options,
    .groups = OM_OPTS_MATERIAL | OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = om_act_run,
    .build = build,
};
