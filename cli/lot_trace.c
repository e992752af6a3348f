#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "cli/session.h"
#include "cli/show.h"
#include "cli/views.h"
#include "ledger/quantity.h"

static const struct om_option options[] = {
    {"dot", NULL, "print a graph for Graphviz: oremark lot trace LOT --dot | dot -Tsvg"},
    {"depth", "N",
     "how many steps back the tree goes, up to 1000 (default: 100); --dot and --json always go to the end"},
    {NULL, NULL, NULL},
};

enum {
  DEPTH_DEFAULT = 100, /* more levels than a screen is wide */
  DEPTH_MAX = 1000,    /* a line's branches grow with its depth, and so the whole with its square */
};

/* The replies are kept whole: nodes point into each other by their number over all of them. */
struct trace {
  Oremark__Reply **replies;
  size_t n_replies;
  const Oremark__TraceNode **nodes;
  size_t n, cap;
};

static void keep(struct trace *trace, Oremark__Reply *reply) {
  trace->replies = realloc(trace->replies, (trace->n_replies + 1) * sizeof *trace->replies);
  OM_ASSERT(trace->replies);
  trace->replies[trace->n_replies++] = reply;
  if (reply->what_case != OREMARK__REPLY__WHAT_TRACE) return;
  size_t more = reply->trace->n_nodes;
  if (trace->n + more > trace->cap) {
    trace->cap = (trace->n + more) * 2;
    trace->nodes = realloc(trace->nodes, trace->cap * sizeof *trace->nodes);
    OM_ASSERT(trace->nodes);
  }
  for (size_t i = 0; i < more; i++) trace->nodes[trace->n++] = reply->trace->nodes[i];
}

static void release(struct trace *trace) {
  for (size_t i = 0; i < trace->n_replies; i++) oremark__reply__free_unpacked(trace->replies[i], NULL);
  free(trace->replies);
  free(trace->nodes);
}

static enum om_code fetch(struct om_session *session, struct trace *trace, struct om_status *st) {
  uint8_t number[OM_LOT_NUMBER_BYTES];
  Oremark__GetTrace get = OREMARK__GET_TRACE__INIT;
  Oremark__Request request = OREMARK__REQUEST__INIT;
  request.what_case = OREMARK__REQUEST__WHAT_GET_TRACE;
  request.get_trace = &get;
  get.number = (ProtobufCBinaryData){sizeof number, number};
  Oremark__Reply *reply;
  if (om_session_number(session, number, session->args->words[0].value, st) ||
      om_session_call(session, &reply, &request, st))
    return st->code;
  keep(trace, reply);
  while (reply->more) {
    uint64_t id = reply->id;
    if (om_client_receive(session->client, &reply, id, st)) return st->code;
    keep(trace, reply);
    if (om_reply_status(reply, st)) return st->code;
  }
  for (size_t i = 0; i < trace->n; i++)
    for (size_t j = 0; j < trace->nodes[i]->n_inputs; j++)
      if (trace->nodes[i]->inputs[j] >= trace->n || !trace->nodes[i]->lot)
        return om_fail(st, OM_IO, NULL, "the daemon sent a trace that points outside itself");
  return trace->n ? OM_OK : om_fail(st, OM_IO, NULL, "the daemon sent an empty trace");
}

struct tree {
  const struct trace *trace;
  struct libscols_table *table;
  unsigned char *drawn; /* by node */
  size_t depth;
  bool narrow; /* the lot's number stands below its name */
};

struct frame {
  uint32_t node;
  size_t next; /* which of its inputs is drawn next */
  struct libscols_line *line;
};

enum { BARS_MAX = 64 }; /* levels whose branches are carried past a lot's second line; deeper ones show a gap */

/* The branches of the tree beside the second line of a lot that stands under the DEPTH lots on the stack. */
static void bars(char out[BARS_MAX * 4 + 1], const struct tree *tree, const struct frame *stack, size_t depth,
                 bool begins) {
  bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  *out = '\0';
  for (size_t i = 0; i <= depth && i < BARS_MAX; i++) {
    bool on = i == depth ? begins : stack[i].next < tree->trace->nodes[stack[i].node]->n_inputs;
    out = stpcpy(out, !on ? "  " : utf8 ? "│ " : "| ");
  }
}

static struct libscols_line *draw_node(struct tree *tree, const struct frame *stack, size_t depth, uint32_t at,
                                       bool again) {
  const Oremark__TraceNode *node = tree->trace->nodes[at];
  again = again && node->n_inputs;
  struct libscols_line *line = om_show_line(tree->table, depth ? stack[depth - 1].line : NULL);
  char number[OM_LOT_TEXT_BYTES], below[BARS_MAX * 4 + 1 + OM_LOT_TEXT_BYTES], name[OM_SHOW_BYTES],
      mass[OM_MASS_TEXT_BYTES], contents[OM_CONTENTS_BYTES];
  const Oremark__Lot *lot = node->lot;
  om_lot_text(number, lot->number);
  om_show_cell(line, 0, "%s%s", om_lot_name(name, lot), again ? " (see above)" : "");
  if (tree->narrow) {
    bars(below, tree, stack, depth, node->n_inputs && !again && depth < tree->depth);
    om_show_line_below(line, 0, strcat(below, number));
  } else {
    om_show_cell(line, 7, "%s", number);
  }
  om_show_cell(line, 1, "%s", om_mass_format(mass, sizeof mass, (int64_t)lot->gross_mg));
  om_show_cell(line, 6, "%s", om_contents_text(contents, lot));
  if (node->made_by) {
    char when[OM_TIME_TEXT_BYTES];
    om_time_format(when, sizeof when, node->made_by->at_ms, node->made_by->zone_min);
    om_show_cell(line, 2, "%s", node->made_by->kind);
    om_show_cell(line, 3, "%.10s", when);
    om_show_cell(line, 4, "%s", node->made_by->member_name);
  }
  if (node->moves) om_show_cell(line, 5, "%u", node->moves);
  return line;
}

/* Depth first with a stack of our own: a lineage can be a hundred thousand lots deep. A lot that went into several
 * others is drawn with what it came from once. */
static void draw(struct tree *tree) {
  struct frame *stack = calloc(tree->trace->n + 1, sizeof *stack);
  OM_ASSERT(stack);
  stack[0] = (struct frame){0, 0, draw_node(tree, stack, 0, 0, false)};
  size_t top = 1;
  tree->drawn[0] = 1;
  while (top > 0) {
    struct frame *frame = &stack[top - 1];
    const Oremark__TraceNode *node = tree->trace->nodes[frame->node];
    if (frame->next == node->n_inputs || top > tree->depth) {
      top--;
      continue;
    }
    uint32_t input = node->inputs[frame->next++];
    bool again = tree->drawn[input] != 0;
    struct libscols_line *line = draw_node(tree, stack, top, input, again);
    if (!again) stack[top++] = (struct frame){input, 0, line};
    tree->drawn[input] = 1;
  }
  free(stack);
}

static void draw_all(struct tree *tree, FILE *out, bool narrow) {
  static const char *const columns[] = {"+~lot",   ">gross",  "-made by",  "-on",
                                        "-member", "->moves", "-contains", "number"};
  tree->narrow = narrow;
  tree->table = om_show_table(out, columns, sizeof columns / sizeof columns[0] - narrow);
  memset(tree->drawn, 0, tree->trace->n);
  draw(tree);
}

static enum om_code show_tree(struct om_session *session, const struct trace *trace, struct om_status *st) {
  uint64_t depth = DEPTH_DEFAULT;
  const struct om_given *given = om_args_find(session->args, "depth");
  if (given && om_given_u64(given, &depth, DEPTH_MAX, st)) return st->code;
  struct tree tree = {.trace = trace, .drawn = calloc(trace->n, 1), .depth = (size_t)depth};
  OM_ASSERT(tree.drawn);
  draw_all(&tree, session->out, false);
  if (!om_show_fits(tree.table)) {
    scols_unref_table(tree.table);
    draw_all(&tree, session->out, true);
  }
  size_t left = 0;
  for (size_t i = 0; i < trace->n; i++) left += !tree.drawn[i];
  free(tree.drawn);
  om_show_print(tree.table);
  if (left) fprintf(session->out, "and %zu lots further back: --depth shows more, --json and --dot all\n", left);
  return OM_OK;
}

/* TEXT as the inside of a DOT string. */
static void dot_text(FILE *out, const char *text) {
  char clean[OM_SHOW_BYTES];
  for (const char *c = om_show_text(clean, text); *c; c++) {
    if (*c == '"' || *c == '\\') fputc('\\', out);
    fputc(*c, out);
  }
}

static void show_dot(FILE *out, const struct trace *trace) {
  fprintf(out, "digraph lineage {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
  for (size_t i = 0; i < trace->n; i++) {
    const Oremark__TraceNode *node = trace->nodes[i];
    char number[OM_LOT_TEXT_BYTES], name[OM_SHOW_BYTES], mass[OM_MASS_TEXT_BYTES], contents[OM_CONTENTS_BYTES];
    fprintf(out, "  n%zu [label=\"", i);
    dot_text(out, om_lot_name(name, node->lot));
    fprintf(out, "\\n%s", om_mass_format(mass, sizeof mass, (int64_t)node->lot->gross_mg));
    if (node->lot->n_contents) fprintf(out, "\\n%s", om_contents_text(contents, node->lot));
    if (node->made_by) {
      fprintf(out, "\\n");
      dot_text(out, node->made_by->kind);
      fprintf(out, " by ");
      dot_text(out, node->made_by->member_name);
    }
    fprintf(out, "\", tooltip=\"%s\"];\n", om_lot_text(number, node->lot->number));
    for (size_t j = 0; j < node->n_inputs; j++) fprintf(out, "  n%u -> n%zu;\n", node->inputs[j], i);
  }
  fprintf(out, "}\n");
}

static json_t *trace_json(const struct trace *trace) {
  json_t *nodes = json_array();
  for (size_t i = 0; i < trace->n; i++) {
    const Oremark__TraceNode *node = trace->nodes[i];
    json_t *inputs = json_array();
    for (size_t j = 0; j < node->n_inputs; j++) json_array_append_new(inputs, json_integer(node->inputs[j]));
    json_array_append_new(
        nodes, json_pack("{s:o, s:o, s:o, s:I}", "lot", om_lot_json(node->lot), "made_by", om_step_json(node->made_by),
                         "inputs", inputs, "moves", (json_int_t)node->moves));
  }
  return json_pack("{s:o}", "nodes", nodes);
}

static enum om_code run(struct om_session *session, struct om_status *st) {
  struct trace trace = {0};
  if (om_args_words(session->args, 1, 1, st)) return st->code;
  enum om_code code = fetch(session, &trace, st);
  if (code == OM_OK && session->json)
    code = om_show_json(session->out, trace_json(&trace), st);
  else if (code == OM_OK && om_args_has(session->args, "dot"))
    show_dot(session->out, &trace);
  else if (code == OM_OK)
    code = show_tree(session, &trace, st);
  release(&trace);
  return code;
}

const struct om_command om_command_lot_trace = {
    .name = "lot trace",
    .words = "LOT",
    .summary = "Show what a lot came from, back to the mines, as a tree.",
    .help = "Examples:\n  oremark lot trace CATHODE-5\n  oremark lot trace CATHODE-5 --dot | dot -Tsvg > lineage.svg\n",
    .options = options,
    .groups = OM_OPTS_DAEMON,
    .run = run,
};
