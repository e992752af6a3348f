#include "daemon/io/outsiders.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "daemon/core/outside.h"
#include "daemon/io/logline.h"

enum {
  PAUSE_S = 1, /* heads that follow each other faster are asked for together */
  CONNECT_S = 5,
  ANSWER_S = 20,
  ANSWER_BYTES = 32 << 10, /* a few lines are expected */
  TRIES = 2,               /* the second with the size that a 409 tells */
};

#define MAP_BYTES ((uint64_t)16 << 20)
#define PATH "add-checkpoint"

/* What a witness has signed, by its public key and the SHA-256 of the log's origin. */
#define TABLE OM_TABLE_HEADS
enum { ROW_KEY_BYTES = OM_PUBLIC_BYTES + OM_HASH_BYTES };

struct outsider {
  struct om_vkey key;
  char where[2048];       /* the URL that is asked */
  uint64_t asked, known;  /* size that it was asked for last; that it has cosigned last, as far as is known here */
  uint64_t not_before_ns; /* after a fault */
  struct om_outside_cosignature signed_; /* under the lock; size 0: nothing */
  bool told;                             /* of its fault */
};

struct om_outsiders {
  struct om_store *ledger, *store;
  uint64_t after_fault_ns;
  uv_thread_t thread;
  bool runs;
  uv_mutex_t lock;
  uv_cond_t news;
  atomic_bool stopping;
  /* Under the lock: */
  bool news_came, another_log;
  uint32_t log;
  struct om_hash origin; /* its SHA-256 */
  uint64_t size;
  /* The thread's: */
  struct task {
    uint32_t log;
    struct om_hash origin;
    uint64_t size;
  } task;
  CURL *curl;
  size_t n;
  struct outsider all[OM_OUTSIDERS_MAX];
  struct om_outside_head head;
  char body[OM_ADD_CHECKPOINT_MAX_BYTES];
  size_t answer_len;
  char answer[ANSWER_BYTES];
};

#define SECOND_NS ((uint64_t)1000000000)
#define NEVER UINT64_MAX

/* ---- settings ---- */

enum om_code om_outsider_parse(struct om_vkey *key, const char **url, const char *text, struct om_status *st) {
  size_t len = strcspn(text, " ");
  if (om_vkey_parse(key, text, len, st) != OM_OK) {
    st->code = OM_USAGE;
    return om_wrap(st, "\"%s\"", text);
  }
  if (key->alg != OM_ALG_COSIGNATURE)
    return om_fail(st, OM_USAGE, NULL, "\"%s\" begins with a log's key, not a witness's", text);
  *url = text + len + strspn(text + len, " ");
  bool web = strncmp(*url, "https://", 8) == 0 || strncmp(*url, "http://", 7) == 0;
  if (web && strlen(*url) < 1024 && strcspn(*url, " ") == strlen(*url)) return OM_OK;
  return om_fail(st, OM_USAGE, NULL, "\"%s\": after the key stands the witness's address, https://...", text);
}

/* ---- one request ---- */

static size_t on_answer(char *data, size_t size, size_t n, void *ctx) {
  struct om_outsiders *o = ctx;
  size_t len = size * n;
  if (len > sizeof o->answer - o->answer_len) return 0; /* gives up */
  memcpy(o->answer + o->answer_len, data, len);
  o->answer_len += len;
  return len;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
  (void)a, (void)b, (void)c, (void)d;
  struct om_outsiders *o = ctx;
  return atomic_load(&o->stopping);
}

/* Sends LEN bytes of the body. 0: no answer came, and ST says why; else the HTTP status. */
static long ask(struct om_outsiders *o, const struct outsider *w, size_t len, struct om_status *st) {
  long status = 0;
  CURL *curl = o->curl;
  o->answer_len = 0;
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
  curl_easy_reset(curl); /* the connection stays */
  curl_easy_setopt(curl, CURLOPT_URL, w->where);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, o->body);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)len);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "oremarkd/" OREMARK_VERSION);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_S);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, o);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, o);
  CURLcode rc = curl_easy_perform(curl);
  if (rc == CURLE_OK)
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  else
    om_fail(st, OM_IO, NULL, "%s", curl_easy_strerror(rc));
  curl_slist_free_all(headers);
  return status;
}

/* ---- what they have signed ---- */

static void row_key(uint8_t key[ROW_KEY_BYTES], const struct outsider *w, const struct om_hash *origin) {
  memcpy(key, w->key.key, OM_PUBLIC_BYTES);
  memcpy(key + OM_PUBLIC_BYTES, origin->bytes, OM_HASH_BYTES);
}

static void keep(struct om_outsiders *o, struct outsider *w, const char *line) {
  struct om_outside_cosignature got = {.size = o->head.checkpoint.size, .root = o->head.checkpoint.root};
  uint8_t key[ROW_KEY_BYTES];
  struct om_status st;
  struct om_txn *txn;
  snprintf(got.line, sizeof got.line, "%s", line);
  row_key(key, w, &o->task.origin);
  om_status_clear(&st);
  uv_mutex_lock(&o->lock);
  if (o->log == o->task.log) w->signed_ = got;
  uv_mutex_unlock(&o->lock);
  if (om_txn_write(&txn, o->store, &st) == OM_OK) {
    om_txn_put(txn, TABLE, key, sizeof key, &got, sizeof got);
    om_txn_commit(txn, &st);
  }
  if (st.code != OM_OK) om_log(OM_LOG_WARNING, "cosignature-not-kept", "why=\"%s\"", st.text);
}

/* What they have signed of the log, under the lock; of what can't be read they are asked again. */
static void recall(struct om_outsiders *o) {
  struct om_status st;
  struct om_txn *txn = NULL;
  uint8_t key[ROW_KEY_BYTES];
  if (om_txn_read(&txn, o->store, &st) != OM_OK) txn = NULL;
  for (size_t i = 0; i < o->n; i++) {
    struct outsider *w = &o->all[i];
    struct om_bytes row;
    w->signed_.size = 0;
    row_key(key, w, &o->origin);
    if (txn == NULL || !om_txn_get(txn, &row, TABLE, key, sizeof key) || row.len != sizeof w->signed_) continue;
    memcpy(&w->signed_, row.data, sizeof w->signed_);
    w->signed_.line[sizeof w->signed_.line - 1] = '\0';
  }
  if (txn != NULL) om_txn_abort(txn);
}

const struct om_outside_cosignature *om_outsiders_lines(struct om_outsiders *o, size_t *n, struct om_arena *arena) {
  *n = 0;
  if (o == NULL) return NULL;
  struct om_outside_cosignature *out = om_arena_array(arena, o->n, sizeof *out);
  uv_mutex_lock(&o->lock);
  for (size_t i = 0; i < o->n; i++)
    if (o->all[i].signed_.size > 0) out[(*n)++] = o->all[i].signed_;
  uv_mutex_unlock(&o->lock);
  return out;
}

/* ---- asking ---- */

static enum om_code make_body(struct om_outsiders *o, struct outsider *w, size_t *len, uint32_t log,
                              struct om_status *st) {
  struct om_txn *txn;
  if (om_txn_read(&txn, o->ledger, st) != OM_OK) return st->code;
  enum om_code code = om_outside_head(txn, &o->head, log, st);
  if (code == OM_OK && w->known > o->head.checkpoint.size) {
    code = om_fail(st, OM_WAIT, NULL, "it has cosigned %" PRIu64 " entries, more than are final here", w->known);
    w->known = 0; /* it is asked next time: one wrong answer must not silence it for good */
  }
  if (code == OM_OK) code = om_outside_body(txn, o->body, len, log, &o->head, w->known, st);
  om_txn_abort(txn);
  return code;
}

/* What came of one request. OM_WAIT with ST->rule "size": it has cosigned another size, now known. */
static enum om_code take_answer(struct om_outsiders *o, struct outsider *w, long status, struct om_status *st) {
  char line[OM_NOTE_LINE_BYTES];
  uint64_t size;
  if (status == 0) return st->code;
  if (status == 409 && om_outside_size(&size, o->answer, o->answer_len) && size != w->known) {
    w->known = size;
    return om_fail(st, OM_WAIT, "size", "it has cosigned %" PRIu64 " entries", size);
  }
  if (status != 200) return om_fail(st, OM_REFUSED, NULL, "it answers with HTTP status %ld", status);
  if (om_outside_line(line, &o->head, o->answer, o->answer_len, &w->key, st) != OM_OK) return st->code;
  w->known = w->asked = o->head.checkpoint.size;
  keep(o, w, line);
  return OM_OK;
}

static void ask_outsider(struct om_outsiders *o, struct outsider *w, uint32_t log) {
  struct om_status st;
  enum om_code code = OM_WAIT;
  for (int i = 0; i < TRIES && code == OM_WAIT; i++) {
    size_t len = 0;
    om_status_clear(&st);
    code = make_body(o, w, &len, log, &st);
    if (code != OM_OK) break;
    code = take_answer(o, w, ask(o, w, len, &st), &st);
  }
  if (code == OM_OK) {
    if (w->told) om_log(OM_LOG_INFO, "outside-witness-back", "name=%s", w->key.name);
    w->told = false;
    return;
  }
  w->not_before_ns = uv_hrtime() + o->after_fault_ns;
  if (!w->told && !atomic_load(&o->stopping))
    om_log(OM_LOG_WARNING, "outside-witness", "name=%s why=\"%s\"", w->key.name, st.text);
  w->told = true;
}

/* Waits until the time UNTIL, or with NEWS_TOO until there is a new head, or the end. */
static void wait_for(struct om_outsiders *o, uint64_t until, bool news_too) {
  uv_mutex_lock(&o->lock);
  while (!atomic_load(&o->stopping) && !(news_too && o->news_came)) {
    uint64_t now = uv_hrtime();
    if (now >= until) break;
    if (until == NEVER)
      uv_cond_wait(&o->news, &o->lock);
    else
      uv_cond_timedwait(&o->news, &o->lock, until - now);
  }
  if (news_too) o->news_came = false; /* what comes in a pause is heard after it */
  uv_mutex_unlock(&o->lock);
}

/* Takes over what there is to do. */
static void take_task(struct om_outsiders *o) {
  uv_mutex_lock(&o->lock);
  o->task = (struct task){o->log, o->origin, o->size};
  for (size_t i = 0; i < o->n && o->another_log; i++) {
    o->all[i].known = o->all[i].asked = o->all[i].signed_.size;
    o->all[i].not_before_ns = 0;
  }
  o->another_log = false;
  uv_mutex_unlock(&o->lock);
}

static bool is_behind(const struct om_outsiders *o, const struct outsider *w) {
  return o->task.log != OM_LOG_NONE && w->asked < o->task.size;
}

/* Asks those who are behind; when the next of them is to be asked again. */
static uint64_t ask_all(struct om_outsiders *o) {
  uint64_t next = NEVER;
  take_task(o);
  for (size_t i = 0; i < o->n && !atomic_load(&o->stopping); i++) {
    struct outsider *w = &o->all[i];
    if (is_behind(o, w) && uv_hrtime() >= w->not_before_ns) ask_outsider(o, w, o->task.log);
    if (is_behind(o, w) && w->not_before_ns < next) next = w->not_before_ns;
  }
  return next;
}

static void run(void *arg) {
  struct om_outsiders *o = arg;
  uint64_t next = NEVER;
  while (!atomic_load(&o->stopping)) {
    wait_for(o, next, true);
    next = ask_all(o);
    wait_for(o, uv_hrtime() + PAUSE_S * SECOND_NS, false);
  }
}

/* The SHA-256 of LOG's origin. */
static bool find_origin(struct om_outsiders *o, struct om_hash *out, uint32_t log) {
  struct om_log_info info;
  struct om_status st;
  struct om_txn *txn;
  if (om_txn_read(&txn, o->ledger, &st) != OM_OK) return false;
  enum om_code code = om_log_info(txn, &info, log, &st);
  om_txn_abort(txn);
  if (code == OM_OK) om_sha256(out, info.origin, strlen(info.origin));
  return code == OM_OK;
}

void om_outsiders_final(struct om_outsiders *o, uint32_t log, uint64_t size) {
  if (o == NULL) return;
  uv_mutex_lock(&o->lock);
  if (o->log != log && !find_origin(o, &o->origin, log)) log = OM_LOG_NONE; /* it is said again */
  bool another = o->log != log;
  o->news_came = o->news_came || another || o->size != size;
  o->another_log = o->another_log || another;
  o->log = log;
  o->size = size;
  if (another) recall(o);
  if (o->news_came) uv_cond_signal(&o->news);
  uv_mutex_unlock(&o->lock);
}

/* ---- the whole ---- */

static enum om_code add(struct om_outsiders *o, const char *text, struct om_status *st) {
  if (o->n == OM_OUTSIDERS_MAX) return om_fail(st, OM_USAGE, NULL, "outside-witnesses: at most %d", OM_OUTSIDERS_MAX);
  struct outsider *w = &o->all[o->n++];
  const char *url;
  if (om_outsider_parse(&w->key, &url, text, st) != OM_OK) return om_wrap(st, "outside-witnesses");
  snprintf(w->where, sizeof w->where, "%s%s" PATH, url, url[strlen(url) - 1] == '/' ? "" : "/");
  return OM_OK;
}

static enum om_code open_store(struct om_outsiders *o, const char *folder, struct om_status *st) {
  char path[PATH_MAX];
  if ((size_t)snprintf(path, sizeof path, "%s/outside", folder) >= sizeof path)
    return om_fail(st, OM_USAGE, NULL, "store: the path is too long");
  return om_store_open(&o->store, path, MAP_BYTES, st);
}

enum om_code om_outsiders_start(struct om_outsiders **out, struct om_store *ledger, const char *folder,
                                char *const *witnesses, size_t n, unsigned after_fault_s, struct om_status *st) {
  struct om_outsiders *o = calloc(1, sizeof *o);
  *out = o;
  OM_ASSERT(o != NULL && uv_mutex_init(&o->lock) == 0 && uv_cond_init(&o->news) == 0);
  o->ledger = ledger;
  o->after_fault_ns = after_fault_s * SECOND_NS;
  o->log = OM_LOG_NONE;
  enum om_code code = open_store(o, folder, st);
  for (size_t i = 0; i < n && code == OM_OK; i++) code = add(o, witnesses[i], st);
  if (code == OM_OK) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    o->curl = curl_easy_init();
    o->runs = o->curl != NULL && uv_thread_create(&o->thread, run, o) == 0;
    if (!o->runs) code = om_fail(st, OM_IO, NULL, "no thread for asking outside witnesses");
  }
  if (code == OM_OK) return OM_OK;
  om_outsiders_stop(o);
  *out = NULL;
  return code;
}

void om_outsiders_stop(struct om_outsiders *o) {
  if (o == NULL) return;
  uv_mutex_lock(&o->lock);
  atomic_store(&o->stopping, true);
  uv_cond_signal(&o->news);
  uv_mutex_unlock(&o->lock);
  if (o->runs) uv_thread_join(&o->thread);
  if (o->curl != NULL) curl_easy_cleanup(o->curl);
  if (o->store != NULL) om_store_close(o->store);
  uv_cond_destroy(&o->news);
  uv_mutex_destroy(&o->lock);
  free(o);
}
