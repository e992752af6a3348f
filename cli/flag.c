/* flag: a concern about a lot, a member, a site or an event. */
#include "cli/act.h"
#include "cli/attested.h"
#include "cli/clock.h"
#include "cli/material.h"
#include "cli/words.h"

static const struct om_option options[] = {
    OM_SUBJECT_OPTIONS,
    {"event", "NAME", "or an event, by its name: 'oremark lot history LOT --json' and 'attestations' show it"},
    {"category", "WORD",
     "of OECD Annex II: serious-abuses, non-state-armed-groups, security-forces, bribery-and-fraud, money-laundering, "
     "taxes-and-royalties; or other"},
    {"severity", "1|2|3", "1 low, 2 medium, 3 suspend at once (default: 2)"},
    {"due", "DATE", "when it is to be answered"},
    {"text", "TEXT", "what the concern is, at most 1,024 bytes"},
    {NULL, NULL, NULL},
};

static enum om_code read_subject(struct om_session *session, Oremark__Flag *flag, struct om_status *st) {
  const char *event = om_args_value(session->args, "event");
  if (!event) return om_subject_read(session, &flag->subject, session->args, st);
  if (om_args_has(session->args, "lot") || om_args_has(session->args, "of"))
    return om_fail(st, OM_USAGE, NULL, "flag: it is about one thing: give --lot, --of or --event alone");
  flag->subject = om_arena_alloc(session->arena, sizeof *flag->subject);
  oremark__subject__init(flag->subject);
  return om_event_ref_read(session, &flag->subject->event, event, st);
}

enum { SEVERITY_DEFAULT = 2, SEVERITY_MAX = 3 };

static enum om_code read_severity(const struct om_given *given, uint64_t *out, struct om_status *st) {
  if (om_given_u64(given, out, SEVERITY_MAX, st) == OM_OK && *out > 0) return OM_OK;
  om_fail(st, OM_USAGE, NULL, "'%s' is no severity: write 1 (low), 2 (medium) or 3 (suspend at once)", given->value);
  return om_given_wrap(given, st);
}

static enum om_code read_flag(struct om_session *session, Oremark__Flag *flag, struct om_status *st) {
  const struct om_args *args = session->args;
  const struct om_given *category, *text, *severity = om_args_find(args, "severity"), *due = om_args_find(args, "due");
  uint64_t value = SEVERITY_DEFAULT;
  int word;
  if (om_args_words(args, 0, 0, st) || om_args_need(args, &category, "category", st) ||
      om_given_word(category, &word, &oremark__flag_category__descriptor, st) ||
      om_args_need(args, &text, "text", st) || (severity && read_severity(severity, &value, st)) ||
      read_subject(session, flag, st))
    return st->code;
  if (due && om_given_time(due, &flag->due_ms, st)) return st->code;
  flag->category = (Oremark__FlagCategory)word;
  flag->severity = (uint32_t)value;
  flag->text = om_copy_text(session->arena, text->value);
  return OM_OK;
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  Oremark__Event *event = NULL;
  Oremark__Flag *flag = om_arena_alloc(session->arena, sizeof *flag);
  oremark__flag__init(flag);
  if (om_event_begin(session, &event, session->args, om_now_ms(), st) || read_flag(session, flag, st)) return st->code;
  event->kind_case = OREMARK__EVENT__KIND_FLAG;
  event->flag = flag;
  return om_act(session, event, st);
}

const struct om_command om_command_flag = {
    .name = "flag",
    .summary = "Raise a concern: whoever looks at the lot, or at anything made of it, is told.",
    .help =
        "It stops nothing. Who raised it ends it with 'oremark clear', and so can the governors.\nExamples:\n  oremark "
        "flag --lot DRUM-17 --category non-state-armed-groups --severity 3 --text \"tag seen at two sites\"\n  oremark "
        "flag --of \"Toquepala Mine\" --category bribery-and-fraud --due 2031-03-01 --text \"permit under inquiry\"\n",
    .options = options,
    .groups = OM_OPTS_SIGN | OM_OPTS_PASSPHRASE | OM_OPTS_DAEMON,
    .run = run,
};
