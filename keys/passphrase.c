#include "keys/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "keys/secret.h"
#include "keys/utf8.h"

/* ---- one line into locked memory ---- */

enum line_end { LINE_ENDED, LINE_EOF, LINE_STOPPED, LINE_FAILED };

/* Reads up to the line's end, byte by byte so that nothing behind it is taken. WAIT is called before each byte and may
 * end it. Sets *IS_LONG where the line is longer than a passphrase; the rest of it is then read and dropped. */
static enum line_end read_line(struct om_passphrase *p, bool *is_long, int fd, bool (*wait)(int fd)) {
  enum line_end end;
  char c = 0;
  p->len = 0;
  *is_long = false;
  for (;;) {
    if (wait && !wait(fd)) {
      end = LINE_STOPPED;
      break;
    }
    ssize_t n = read(fd, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || c == '\n') {
      end = n < 0 ? LINE_FAILED : n == 0 ? LINE_EOF : LINE_ENDED;
      break;
    }
    if (p->len < sizeof p->text)
      p->text[p->len++] = c;
    else
      *is_long = true;
  }
  sodium_memzero(&c, sizeof c);
  return end;
}

static enum om_code check_line(const struct om_passphrase *p, bool is_long, const char *where, struct om_status *st) {
  if (is_long)
    return om_fail(st, OM_USAGE, NULL, "%s: the passphrase is longer than %d bytes", where, OM_PASSPHRASE_BYTES);
  if (p->len == 0) return om_fail(st, OM_USAGE, NULL, "%s: the passphrase is empty", where);
  return OM_OK;
}

static enum om_code read_fd(struct om_passphrase *p, int fd, const char *where, struct om_status *st) {
  bool is_long;
  if (read_line(p, &is_long, fd, NULL) == LINE_FAILED)
    return om_fail(st, OM_IO, NULL, "%s: the passphrase can't be read: %s", where, strerror(errno));
  if (p->len > 0 && !is_long && p->text[p->len - 1] == '\r') p->len--;
  return check_line(p, is_long, where, st);
}

static enum om_code read_file(struct om_passphrase *p, const char *path, struct om_status *st) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return om_fail(st, OM_IO, NULL, "%s: the passphrase can't be read: %s", path, strerror(errno));
  enum om_code code = read_fd(p, fd, path, st);
  close(fd);
  return code;
}

/* ---- the terminal ---- */

/* Signals by which a person ends or stops a program at its terminal. */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { CAUGHT = sizeof caught / sizeof *caught };

static volatile sig_atomic_t arrived; /* the last of them, 0 if none */
static sigset_t while_waiting;        /* the mask while waiting for a key: only then do they get through */

static void on_signal(int number) {
  arrived = number;
}

/* The state of the process and of the terminal before a question. */
struct before {
  struct sigaction actions[CAUGHT];
  sigset_t mask;
  struct termios modes;
};

/* Blocks the signals and sets our handler on those which are not ignored (as under nohup). */
static void catch_signals(struct before *b) {
  struct sigaction ours = {.sa_handler = on_signal};
  sigset_t block;
  sigemptyset(&ours.sa_mask);
  sigemptyset(&block);
  for (int i = 0; i < CAUGHT; i++) sigaddset(&block, caught[i]);
  OM_ASSERT(pthread_sigmask(SIG_BLOCK, &block, &b->mask) == 0);
  while_waiting = b->mask;
  arrived = 0;
  for (int i = 0; i < CAUGHT; i++) {
    OM_ASSERT(sigaction(caught[i], NULL, &b->actions[i]) == 0);
    if (b->actions[i].sa_handler == SIG_IGN) continue;
    OM_ASSERT(sigaction(caught[i], &ours, NULL) == 0);
  }
}

static void release_signals(const struct before *b) {
  for (int i = 0; i < CAUGHT; i++) OM_ASSERT(sigaction(caught[i], &b->actions[i], NULL) == 0);
  if (arrived) raise(arrived); /* blocked still: takes effect with the old mask, on the old action */
  OM_ASSERT(pthread_sigmask(SIG_SETMASK, &b->mask, NULL) == 0);
}

/* Waits for a key or a signal; false where a signal arrived. The mask is lifted within ppoll only, so that none can
 * slip in between looking and waiting. */
static bool wait_for_key(int fd) {
  struct pollfd key = {.fd = fd, .events = POLLIN};
  while (!arrived)
    if (ppoll(&key, 1, NULL, &while_waiting) > 0) return true;
  return false;
}

static bool set_modes(int fd, const struct termios *modes) {
  int done;
  do done = tcsetattr(fd, TCSAFLUSH, modes);
  while (done != 0 && errno == EINTR);
  return done == 0;
}

/* Restores the terminal, also from the background, where the system would otherwise stop us for it. */
static void restore_modes(int fd, const struct termios *modes) {
  sigset_t ttou, old;
  sigemptyset(&ttou);
  sigaddset(&ttou, SIGTTOU);
  OM_ASSERT(pthread_sigmask(SIG_BLOCK, &ttou, &old) == 0);
  (void)set_modes(fd, modes); /* a terminal that has gone away needs none */
  OM_ASSERT(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
}

static void show(int fd, const char *text) {
  for (size_t len = strlen(text); len > 0;) {
    ssize_t n = write(fd, text, len);
    if (n < 0 && errno != EINTR) return; /* the answer can still be typed */
    if (n < 0) continue;
    text += n;
    len -= (size_t)n;
  }
}

/* Puts one question. LINE_STOPPED after a signal; where the process lives on after it, the caller decides by
 * STOPPED_BY. */
static enum line_end question(struct om_passphrase *p, bool *is_long, int *stopped_by, int fd,
                              const char *const *words) {
  struct before b;
  enum line_end end = LINE_FAILED;
  *stopped_by = 0;
  catch_signals(&b);
  if (tcgetattr(fd, &b.modes) == 0) {
    struct termios quiet = b.modes;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    quiet.c_lflag |= ICANON;
    /* Where we are in the background, SIGTTOU stops the process here, before anything was changed. */
    if (set_modes(fd, &quiet)) {
      for (; *words; words++) show(fd, *words);
      end = read_line(p, is_long, fd, wait_for_key);
      show(fd, "\n");
    }
    restore_modes(fd, &b.modes);
  }
  int error = errno;
  *stopped_by = arrived;
  release_signals(&b);
  errno = error;
  return end;
}

static enum om_code ask_once(struct om_passphrase *p, int fd, const char *const *words, struct om_status *st) {
  bool is_long = false;
  int stopped_by;
  enum line_end end;
  do end = question(p, &is_long, &stopped_by, fd, words);
  while (end == LINE_STOPPED && stopped_by == SIGTSTP);
  switch (end) {
    case LINE_STOPPED: return om_fail(st, OM_USAGE, NULL, "interrupted while asking for the passphrase");
    case LINE_FAILED: return om_fail(st, OM_IO, NULL, "the terminal can't be read: %s", strerror(errno));
    case LINE_ENDED:
    case LINE_EOF: return check_line(p, is_long, "terminal", st);
  }
  om_panic(__FILE__, __LINE__, "unknown end of line");
}

static enum om_code ask_twice(struct om_passphrase *p, int fd, const char *what, struct om_status *st) {
  void *memory;
  enum om_code code = ask_once(p, fd, (const char *const[]){"New passphrase for ", what, ": ", NULL}, st);
  if (code != OM_OK) return code;
  code = om_locked_alloc(&memory, sizeof(struct om_passphrase), st);
  if (code != OM_OK) return code;
  struct om_passphrase *again = memory;
  code = ask_once(again, fd, (const char *const[]){"The same again: ", NULL}, st);
  if (code == OM_OK && (again->len != p->len || sodium_memcmp(again->text, p->text, p->len) != 0))
    code = om_fail(st, OM_USAGE, NULL, "the two passphrases differ; nothing was changed");
  om_passphrase_free(again);
  return code;
}

static enum om_code ask(struct om_passphrase *p, const char *what, bool is_new, struct om_status *st) {
  OM_ASSERT(om_text_ok(what, strlen(what)));
  int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return om_fail(st, OM_USAGE, NULL,
                   "no terminal to ask for the passphrase of the %s; give it with --passphrase-file or --passphrase-fd",
                   what);
  enum om_code code = is_new ? ask_twice(p, fd, what, st)
                             : ask_once(p, fd, (const char *const[]){"Passphrase for ", what, ": ", NULL}, st);
  close(fd);
  return code;
}

/* ---- all sources ---- */

enum om_code om_passphrase_get(struct om_passphrase **out, const struct om_passphrase_source *source, const char *what,
                               bool is_new, struct om_status *st) {
  void *memory;
  *out = NULL;
  OM_ASSERT(source->from != OM_PASSPHRASE_NONE);
  enum om_code code = om_locked_alloc(&memory, sizeof **out, st);
  if (code != OM_OK) return code;
  struct om_passphrase *p = memory;
  p->len = 0;
  switch (source->from) {
    case OM_PASSPHRASE_NONE: break;
    case OM_PASSPHRASE_ASK: code = ask(p, what, is_new, st); break;
    case OM_PASSPHRASE_FILE: code = read_file(p, source->file, st); break;
    case OM_PASSPHRASE_FD: code = read_fd(p, source->fd, "passphrase descriptor", st); break;
  }
  if (code == OM_OK)
    *out = p;
  else
    om_passphrase_free(p);
  return code;
}

void om_passphrase_free(struct om_passphrase *passphrase) {
  sodium_free(passphrase);
}
