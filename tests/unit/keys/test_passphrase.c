#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "keys/passphrase.h"
#include "keys/secret.h"

static struct om_status st;

/* ---- files and descriptors ---- */

static int pipe_with(const char *bytes, size_t len) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], bytes, len), len);
  close(ends[1]);
  return ends[0];
}

static enum om_code from_fd(struct om_passphrase **out, int fd) {
  struct om_passphrase_source source = {.from = OM_PASSPHRASE_FD, .fd = fd};
  om_status_clear(&st);
  return om_passphrase_get(out, &source, "member key x", false, &st);
}

static void expect_fd(const char *bytes, size_t len, const char *want) {
  struct om_passphrase *p;
  int fd = pipe_with(bytes, len);
  assert_int_equal(from_fd(&p, fd), OM_OK);
  assert_int_equal(p->len, strlen(want));
  assert_memory_equal(p->text, want, p->len);
  om_passphrase_free(p);
  close(fd);
}

static void refuse_fd(const char *bytes, size_t len, const char *why) {
  struct om_passphrase *p;
  int fd = pipe_with(bytes, len);
  assert_int_equal(from_fd(&p, fd), OM_USAGE);
  assert_null(p);
  assert_string_equal(st.text, why);
  close(fd);
}

static void test_lines(void **state) {
  (void)state;
  char longest[OM_PASSPHRASE_BYTES + 3];
  expect_fd("blue moon\n", 10, "blue moon");
  expect_fd("blue moon", 9, "blue moon");
  expect_fd("blue moon\r\n", 11, "blue moon");
  expect_fd(" two  spaces \nsecond line\n", 26, " two  spaces ");
  expect_fd("Gr\xc3\xb6n\n", 6, "Gr\xc3\xb6n");
  refuse_fd("", 0, "passphrase descriptor: the passphrase is empty");
  refuse_fd("\nblue\n", 6, "passphrase descriptor: the passphrase is empty");
  refuse_fd("\r\n", 2, "passphrase descriptor: the passphrase is empty");
  memset(longest, 'p', sizeof longest);
  longest[OM_PASSPHRASE_BYTES] = '\0';
  expect_fd(longest, OM_PASSPHRASE_BYTES, longest);
  longest[OM_PASSPHRASE_BYTES] = 'p';
  refuse_fd(longest, OM_PASSPHRASE_BYTES + 1, "passphrase descriptor: the passphrase is longer than 1024 bytes");
}

/* Old and new passphrase on one descriptor, as a script gives them. */
static void test_two_lines_of_one_descriptor(void **state) {
  (void)state;
  struct om_passphrase *p;
  int fd = pipe_with("old\nnew\nrest", 12);
  char rest[8] = "";
  assert_int_equal(from_fd(&p, fd), OM_OK);
  assert_memory_equal(p->text, "old", 3);
  om_passphrase_free(p);
  assert_int_equal(from_fd(&p, fd), OM_OK);
  assert_memory_equal(p->text, "new", 3);
  om_passphrase_free(p);
  assert_int_equal(read(fd, rest, sizeof rest), 4);
  assert_memory_equal(rest, "rest", 4);
  close(fd);
}

static void test_files(void **state) {
  (void)state;
  char path[] = "/tmp/oremark-pass-XXXXXX", why[200];
  int fd = mkstemp(path);
  struct om_passphrase *p;
  struct om_passphrase_source source = {.from = OM_PASSPHRASE_FILE, .file = path};
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "from a file\n", 12), 12);
  assert_int_equal(om_passphrase_get(&p, &source, "log key x", true, &st), OM_OK);
  assert_int_equal(p->len, 11);
  assert_memory_equal(p->text, "from a file", 11);
  om_passphrase_free(p);
  assert_int_equal(ftruncate(fd, 0), 0);
  close(fd);
  assert_int_equal(om_passphrase_get(&p, &source, "log key x", false, &st), OM_USAGE);
  snprintf(why, sizeof why, "%s: the passphrase is empty", path);
  assert_string_equal(st.text, why);
  unlink(path);
  assert_int_equal(om_passphrase_get(&p, &source, "log key x", false, &st), OM_IO);
  snprintf(why, sizeof why, "%s: the passphrase can't be read: No such file or directory", path);
  assert_string_equal(st.text, why);
  assert_null(p);
  source.file = "/tmp";
  assert_int_equal(om_passphrase_get(&p, &source, "log key x", false, &st), OM_IO);
  assert_int_equal(from_fd(&p, -1), OM_IO);
  assert_string_equal(st.text, "passphrase descriptor: the passphrase can't be read: Bad file descriptor");
}

/* ---- the terminal: a child asks on a pseudo-terminal, we are the person ---- */

struct person {
  pid_t child;
  int tty;         /* our end */
  char seen[4096]; /* all that the terminal has shown */
  size_t len;
};

/* The child's exit status: what it got, in one number. */
enum { GOT_WANTED = 10, GOT_OTHER = 11, REFUSED = 20 };

static void ask_as_child(bool is_new, const char *want) {
  struct om_passphrase_source source = {.from = OM_PASSPHRASE_ASK};
  struct om_passphrase *p;
  enum om_code code = om_passphrase_get(&p, &source, "member key kokkola.example/clerk-1", is_new, &st);
  if (code == OM_OK) _exit(p->len == strlen(want) && !memcmp(p->text, want, p->len) ? GOT_WANTED : GOT_OTHER);
  dprintf(STDOUT_FILENO, "refused: %s\n", st.text);
  _exit(REFUSED + (int)code);
}

static void start(struct person *who, bool is_new, const char *want) {
  memset(who, 0, sizeof *who);
  who->child = forkpty(&who->tty, NULL, NULL, NULL);
  assert_true(who->child >= 0);
  if (who->child == 0) ask_as_child(is_new, want);
}

/* Reads the screen until WORDS have come since FROM; returns where they end. */
static size_t wait_for(struct person *who, size_t from, const char *words) {
  for (;;) {
    char *at = memmem(who->seen + from, who->len - from, words, strlen(words));
    if (at) return (size_t)(at - who->seen) + strlen(words);
    struct pollfd p = {.fd = who->tty, .events = POLLIN};
    if (poll(&p, 1, 20000) <= 0) fail_msg("\"%s\" never came; the screen: %s", words, who->seen);
    ssize_t n = read(who->tty, who->seen + who->len, sizeof who->seen - 1 - who->len);
    if (n <= 0) fail_msg("\"%s\" never came; the screen: %s", words, who->seen);
    who->len += (size_t)n;
  }
}

static void type(struct person *who, const char *keys) {
  assert_int_equal(write(who->tty, keys, strlen(keys)), strlen(keys));
}

static bool has_echo(const struct person *who) {
  struct termios modes;
  assert_int_equal(tcgetattr(who->tty, &modes), 0);
  return modes.c_lflag & ECHO;
}

/* Waits for the child's end, reads what is left on the screen and returns the status of waitpid. */
static int finish(struct person *who) {
  int status;
  assert_int_equal(waitpid(who->child, &status, 0), who->child);
  for (;;) { /* ends with EIO where the last holder of the other end is gone */
    ssize_t n = read(who->tty, who->seen + who->len, sizeof who->seen - 1 - who->len);
    if (n <= 0) break;
    who->len += (size_t)n;
  }
  close(who->tty);
  return status;
}

static void expect_exit(struct person *who, int want) {
  int status = finish(who);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != want) fail_msg("status %x; the screen: %s", status, who->seen);
}

static void test_terminal_without_echo(void **state) {
  (void)state;
  struct person who;
  start(&who, false, "blue moon");
  wait_for(&who, 0, "Passphrase for member key kokkola.example/clerk-1: ");
  assert_false(has_echo(&who));
  type(&who,
       "blux\x7f"
       "e moon\n"); /* with a mistake taken back */
  expect_exit(&who, GOT_WANTED);
  assert_null(strstr(who.seen, "blu"));
  assert_null(strstr(who.seen, "moon"));
}

static void test_new_is_asked_twice(void **state) {
  (void)state;
  struct person who;
  start(&who, true, "blue moon");
  size_t at = wait_for(&who, 0, "New passphrase for member key kokkola.example/clerk-1: ");
  type(&who, "blue moon\n");
  wait_for(&who, at, "The same again: ");
  assert_false(has_echo(&who));
  type(&who, "blue moon\n");
  expect_exit(&who, GOT_WANTED);
  assert_null(strstr(who.seen, "moon"));
}

static void test_new_that_differs(void **state) {
  (void)state;
  static const char *const second[] = {"blue mooo\n", "blue moo\n", "blue moonn\n"};
  for (size_t i = 0; i < 3; i++) {
    struct person who;
    start(&who, true, "");
    size_t at = wait_for(&who, 0, ": ");
    type(&who, "blue moon\n");
    wait_for(&who, at, "again: ");
    type(&who, second[i]);
    wait_for(&who, at, "refused: the two passphrases differ; nothing was changed");
    expect_exit(&who, REFUSED + OM_USAGE);
  }
}

static void test_empty_at_the_terminal(void **state) {
  (void)state;
  static const char *const keys[] = {"\n", "\x04"};
  for (size_t i = 0; i < 2; i++) {
    struct person who;
    start(&who, i == 0, "");
    size_t at = wait_for(&who, 0, ": ");
    type(&who, keys[i]);
    wait_for(&who, at, "refused: terminal: the passphrase is empty");
    expect_exit(&who, REFUSED + OM_USAGE);
  }
}

static void test_signals_restore_the_terminal(void **state) {
  (void)state;
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  const struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  for (size_t i = 0; i < 4; i++) {
    struct person who;
    start(&who, true, "");
    wait_for(&who, 0, ": ");
    assert_false(has_echo(&who));
    if (i == 0)
      type(&who, "\x03"); /* Ctrl-C */
    else
      kill(who.child, numbers[i]);
    /* Looked at before the child is gone for good: our end shows the modes as long as it is open. */
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)who.child, &info, WEXITED | WNOWAIT), 0);
    assert_true(has_echo(&who));
    int status = finish(&who);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), numbers[i]);
  }
}

/* Ctrl-Z puts the terminal back while the program is stopped; after fg the question comes again. The child of forkpty
 * leads a session of its own, where the system ignores a stop (orphaned group); so a grandchild asks, as under a shell.
 */
static void shell_as_child(void) {
  int status;
  pid_t job = fork();
  if (job == 0) {
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(STDIN_FILENO, getpid());
    signal(SIGTTOU, SIG_DFL);
    ask_as_child(false, "blue moon");
  }
  waitpid(job, &status, WUNTRACED);
  if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTSTP) _exit(1);
  struct termios modes;
  if (tcgetattr(STDIN_FILENO, &modes) != 0 || !(modes.c_lflag & ECHO)) _exit(4);
  dprintf(STDOUT_FILENO, "stopped\n");
  char go;
  if (read(STDIN_FILENO, &go, 1) < 0 && errno != EIO) _exit(2);
  kill(job, SIGCONT);
  waitpid(job, &status, 0);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
}

static void test_stop_and_continue(void **state) {
  (void)state;
  struct person who = {0};
  who.child = forkpty(&who.tty, NULL, NULL, NULL);
  assert_true(who.child >= 0);
  if (who.child == 0) {
    signal(SIGTTIN, SIG_IGN); /* the shell's read from the background fails at once: our cue to continue the job */
    signal(SIGTTOU, SIG_IGN);
    shell_as_child();
  }
  size_t at = wait_for(&who, 0, "clerk-1: ");
  assert_false(has_echo(&who));
  type(&who, "half of a pass\x1a"); /* Ctrl-Z */
  at = wait_for(&who, at, "stopped");
  at = wait_for(&who, at, "clerk-1: ");
  assert_false(has_echo(&who));
  type(&who, "blue moon\n");
  expect_exit(&who, GOT_WANTED);
}

static void test_no_terminal(void **state) {
  (void)state;
  int ends[2], status;
  char text[600] = "";
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    setsid(); /* a session without a terminal */
    dup2(ends[1], STDOUT_FILENO);
    ask_as_child(false, "");
  }
  close(ends[1]);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(read(ends[0], text, sizeof text - 1) > 0);
  close(ends[0]);
  assert_string_equal(
      text,
      "refused: no terminal to ask for the passphrase of the member key kokkola.example/clerk-1; give it "
      "with --passphrase-file or --passphrase-fd\n");
  assert_int_equal(WEXITSTATUS(status), REFUSED + OM_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lines),
      cmocka_unit_test(test_two_lines_of_one_descriptor),
      cmocka_unit_test(test_files),
      cmocka_unit_test(test_terminal_without_echo),
      cmocka_unit_test(test_new_is_asked_twice),
      cmocka_unit_test(test_new_that_differs),
      cmocka_unit_test(test_empty_at_the_terminal),
      cmocka_unit_test(test_signals_restore_the_terminal),
      cmocka_unit_test(test_stop_and_continue),
      cmocka_unit_test(test_no_terminal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
