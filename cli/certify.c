#include "cli/act.h"
#include "cli/attested.h"
#include "cli/clock.h"
#include "cli/documents.h"
#include "cli/material.h"
#include "ledger/quantity.h"

static const struct om_option options[] = {
    OM_SUBJECT_OPTIONS,
    {"scheme", "SCHEME", "a scheme that the governors have recognised"},
    {"level", "TEXT", "level or grade, at most 32 bytes"},
    {"scope", "TEXT", "what it covers"},
    {"from", "TIME", "valid from this moment on (a date: its first moment here)"},
    {"until", "TIME", "valid until this moment, which is no longer inside"},
    {"quantity", "MASS", "for so much only, drawn down with 'oremark claim'; of a member or a lot"},
    {"metal", "METAL", "the quantity is of this metal: Cu (default: gross mass)"},
    {"document-hash", "HEX", "SHA-256 of the certificate itself (default: of the --document, where there is one)"},
    {NULL, NULL, NULL},
};

static enum om_code read_quantity(Oremark__Certify *out, const struct om_args *args, struct om_status *st) {
  const struct om_given *quantity = om_args_find(args, "quantity"), *metal = om_args_find(args, "metal");
  if (quantity && om_given_mass(quantity, &out->quantity_mg, st)) return st->code;
  if (!metal) return OM_OK;
  out->element = om_element_parse(metal->value);
  if (out->element != 0) return OM_OK;
  om_fail(st, OM_USAGE, NULL, "'%s' names no chemical element: write its symbol, as in Cu", metal->value);
  return om_given_wrap(metal, st);
}

/* The one document that goes with a certificate is the certificate. */
static enum om_code hash_document(struct om_session *session, Oremark__Certify *out, struct om_status *st) {
  const struct om_given *only = NULL;
  struct om_file file;
  size_t n = 0;
  for (size_t i = 0; i < session->args->n; i++)
    if (om_given_is(&session->args->given[i], "document")) n++, only = &session->args->given[i];
  if (n != 1) return OM_OK;
  if (om_file_document(session, &file, only->value, st)) return om_given_wrap(only, st);
  out->document_hash.len = OM_HASH_BYTES;
  out->document_hash.data = om_arena_copy(session->arena, file.hash, OM_HASH_BYTES);
  return OM_OK;
}

static enum om_code read_certificate(struct om_session *session, Oremark__Certify *out, struct om_status *st) {
  const struct om_args *args = session->args;
  const struct om_given *scheme, *from, *until, *hash = om_args_find(args, "document-hash");
  if (om_args_words(args, 0, 0, st) || om_subject_read(session, &out->subject, args, st) ||
      om_args_need(args, &scheme, "scheme", st) || om_args_need(args, &from, "from", st) ||
      om_given_time(from, &out->valid_from_ms, st) || om_args_need(args, &until, "until", st) ||
      om_given_time(until, &out->valid_until_ms, st) || read_quantity(out, args, st))
    return st->code;
  out->scheme = om_copy_text(session->arena, scheme->value);
  out->level = om_copy_text(session->arena, om_args_value(args, "level"));
  out->scope = om_copy_text(session->arena, om_args_value(args, "scope"));
  if (!hash) return hash_document(session, out, st);
  out->document_hash.len = OM_HASH_BYTES;
  out->document_hash.data = om_arena_alloc(session->arena, OM_HASH_BYTES);
  if (om_hex_parse(out->document_hash.data, OM_HASH_BYTES, hash->value)) return OM_OK;
  om_fail(st, OM_USAGE, NULL, "'%s' is no SHA-256: it has 64 hexadecimal digits", hash->value);
  return om_given_wrap(hash, st);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__Event *event = NULL;
  Oremark__Certify *certify = om_arena_alloc(session->arena, sizeof *certify);
  oremark__certify__init(certify);
  if (om_event_begin(session, &event, session->args, om_now_ms(), st) || read_certificate(session, certify, st))
    return st->code;
  event->kind_case = OREMARK__EVENT__KIND_CERTIFY;
  event->certify = certify;
  return om_act(session, event, st);
}

const struct om_command om_command_certify = {
    .name = "certify",
    .summary = "Certify a member, one of its sites, or a lot under a recognised scheme.",
    .help =
        "Examples:\n  oremark certify --of \"Toquepala Mine\" --site Toquepala --scheme \"The Copper Mark\" --from "
        "2026-01-01 --until 2029-01-01\n  oremark certify --of Ilo --scheme \"ISCC PLUS\" --from 2026-01-01 --until "
        "2027-01-01 --quantity 500t --metal Cu\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
