#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/base64.h"
#include "keys/keyfile.h"

/* The least that Argon2id takes, so that thousands of tries take seconds. */
static const struct om_pwhash_cost cheap = {.passes = 1, .mem_bytes = 8192};
static const struct om_passphrase_source none = {.from = OM_PASSPHRASE_NONE};

static struct om_status st;
static char folder[] = "/tmp/oremark-keys-XXXXXX";
static char path[64], other[64], pass_a[64], pass_b[64];

static struct om_passphrase_source from_file(const char *file) {
  return (struct om_passphrase_source){.from = OM_PASSPHRASE_FILE, .file = file};
}

static void write_file(const char *name, const char *bytes, size_t len, mode_t mode) {
  unlink(name);
  int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, mode);
  assert_true(fd >= 0);
  assert_int_equal(fchmod(fd, mode), 0);
  assert_int_equal(write(fd, bytes, len), len);
  close(fd);
}

static size_t read_file(char *out, size_t size, const char *name) {
  int fd = open(name, O_RDONLY);
  assert_true(fd >= 0);
  ssize_t n = read(fd, out, size - 1);
  assert_true(n >= 0);
  close(fd);
  out[n] = '\0';
  return (size_t)n;
}

/* Each test begins with an empty folder but for the two passphrase files. */
static int begin(void **state) {
  (void)state;
  memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/key", folder);
  snprintf(other, sizeof other, "%s/other", folder);
  snprintf(pass_a, sizeof pass_a, "%s/pass-a", folder);
  snprintf(pass_b, sizeof pass_b, "%s/pass-b", folder);
  write_file(pass_a, "blue moon\n", 10, 0600);
  write_file(pass_b, "red sun\n", 8, 0600);
  om_status_clear(&st);
  return 0;
}

/* Calls WITH for each file in the folder; returns how many there are. */
static size_t each_file(void (*with)(const char *)) {
  size_t count = 0;
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    char name[400];
    if (e->d_name[0] == '.') continue;
    snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
    count++;
    if (with) with(name);
  }
  closedir(d);
  return count;
}

static void remove_file(const char *name) {
  unlink(name);
}

static int end(void **state) {
  (void)state;
  chmod(folder, 0700);
  each_file(remove_file);
  return rmdir(folder);
}

static struct om_key_info create(enum om_key_kind kind, const char *pass) {
  struct om_passphrase_source source = pass ? from_file(pass) : none;
  struct om_key_info info;
  if (om_keyfile_create(&info, path, kind, "kokkola.example/clerk-1", "2026-11-23", &source, &cheap, &st) != OM_OK)
    fail_msg("%s", st.text);
  return info;
}

static enum om_code open_with(struct om_secret **secret, struct om_key_info *info, const char *pass) {
  struct om_passphrase_source source = pass ? from_file(pass) : none;
  om_status_clear(&st);
  return om_keyfile_open(secret, info, path, &source, &st);
}

static void same_info(const struct om_key_info *a, const struct om_key_info *b) {
  assert_int_equal(a->kind, b->kind);
  assert_string_equal(a->name, b->name);
  assert_memory_equal(a->public_key, b->public_key, OM_PUBLIC_BYTES);
  assert_string_equal(a->created, b->created);
}

/* The sentence of ST must be "PATH: WHY". */
static void said(const char *why) {
  char want[700];
  snprintf(want, sizeof want, "%s: %s", path, why);
  assert_string_equal(st.text, want);
}

static void test_every_kind_plain_and_encrypted(void **state) {
  (void)state;
  static const char *const names[] = {"member", "log", "cosign", "witness", "link", "sealing"};
  for (int i = 0; i < 10; i++) {
    enum om_key_kind kind = (enum om_key_kind)(i / 2), parsed;
    const char *pass = i % 2 ? pass_a : NULL;
    struct om_key_info made = create(kind, pass), shown, opened;
    struct om_secret *secret;
    struct stat found;
    assert_string_equal(om_key_kind_name(kind), names[kind]);
    assert_true(om_key_kind_parse(&parsed, names[kind]) && parsed == kind);
    assert_int_equal(om_keyfile_info(&shown, path, &st), OM_OK);
    assert_int_equal(open_with(&secret, &opened, pass), OM_OK);
    same_info(&made, &shown);
    same_info(&made, &opened);
    assert_true(made.is_encrypted == (i % 2 == 1) && shown.is_encrypted == made.is_encrypted);
    assert_memory_equal(om_secret_public(secret), made.public_key, OM_PUBLIC_BYTES);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    assert_int_equal(each_file(NULL), 3); /* nothing else is left beside it */
    om_secret_free(secret);
    unlink(path);
  }
  enum om_key_kind kind;
  assert_false(om_key_kind_parse(&kind, "Member"));
  assert_false(om_key_kind_parse(&kind, ""));
}

/* The opened secret is the one that the public half says: it signs, or it agrees with a peer. */
static void test_opened_secrets_work(void **state) {
  (void)state;
  struct om_key_info info = create(OM_KEY_MEMBER, pass_a);
  struct om_secret *secret, *peer;
  uint8_t sig[OM_SIG_BYTES], ours[32], theirs[32];
  assert_int_equal(open_with(&secret, &info, pass_a), OM_OK);
  om_sign(secret, sig, (const uint8_t *)"20.000 t", 8);
  assert_true(om_verify(sig, (const uint8_t *)"20.000 t", 8, info.public_key));
  om_secret_free(secret);
  unlink(path);
  info = create(OM_KEY_LINK, NULL);
  assert_int_equal(open_with(&secret, &info, NULL), OM_OK);
  assert_int_equal(om_secret_new_x25519(&peer, NULL, &st), OM_OK);
  assert_true(om_secret_dh(secret, ours, om_secret_public(peer)) && om_secret_dh(peer, theirs, info.public_key));
  assert_memory_equal(ours, theirs, 32);
  om_secret_free(secret);
  om_secret_free(peer);
}

/* The file in a person's editor. */
static void test_text_of_the_file(void **state) {
  (void)state;
  char text[4096], want[4096], public_text[OM_VKEY_BYTES];
  struct om_key_info info = create(OM_KEY_COSIGN, pass_a);
  size_t len = read_file(text, sizeof text, path);
  om_key_public_text(public_text, &info);
  assert_memory_equal(public_text, "kokkola.example/clerk-1+", 24);
  int n =
      snprintf(want, sizeof want,
               "oremark key file, version 1\n"
               "# Show the lines above \"secret\" to anybody; keep the secret line, and so this file, to yourself.\n"
               "kind: cosign\nname: kokkola.example/clerk-1\npublic: %s\ncreated: 2026-11-23\n"
               "secret: argon2id:1:8192:",
               public_text);
  assert_memory_equal(text, want, (size_t)n);
  assert_int_equal(len, (size_t)n + 24 + strlen(" xchacha20poly1305:") + 32 + 1 + 64 + 1);
  unlink(path);
  info = create(OM_KEY_LINK, NULL);
  read_file(text, sizeof text, path);
  om_base64(public_text, sizeof public_text, info.public_key, 32);
  snprintf(want, sizeof want, "\npublic: %s\ncreated: 2026-11-23\nsecret: plain ", public_text);
  assert_non_null(strstr(text, want));
}

/* Written by other code after the format in keyfile.h: tests/vectors/keyfile/README.md. */
static void test_files_of_others(void **state) {
  (void)state;
  static const char *const files[] = {"member-plain.key", "link-plain.key", "log-argon2id.key"};
  uint8_t seed[32];
  for (int i = 0; i < 32; i++) seed[i] = (uint8_t)i;
  for (int i = 0; i < 3; i++) {
    char text[4096], from[512];
    struct om_secret *secret, *known;
    struct om_key_info info;
    snprintf(from, sizeof from, "%s/keyfile/%s", TEST_DATA, files[i]);
    write_file(path, text, read_file(text, sizeof text, from), 0600);
    if (open_with(&secret, &info, i == 2 ? pass_a : NULL) != OM_OK) fail_msg("%s", st.text);
    assert_int_equal((i == 1 ? om_secret_new_x25519 : om_secret_new)(&known, seed, &st), OM_OK);
    assert_memory_equal(om_secret_public(secret), om_secret_public(known), 32);
    om_secret_free(secret);
    om_secret_free(known);
  }
}

static void test_wrong_passphrase(void **state) {
  (void)state;
  struct om_secret *secret;
  struct om_key_info info = create(OM_KEY_MEMBER, pass_a);
  assert_int_equal(open_with(&secret, &info, pass_b), OM_USAGE);
  assert_null(secret);
  said("the passphrase is wrong, or the file was altered");
  assert_int_equal(open_with(&secret, &info, NULL), OM_USAGE);
  said("is under a passphrase, and none was given");
  assert_int_equal(open_with(&secret, &info, "/nonexistent"), OM_IO);
  said("/nonexistent: the passphrase can't be read: No such file or directory");
}

static void test_create_overwrites_nothing(void **state) {
  (void)state;
  char before[4096], after[4096];
  struct om_key_info info = create(OM_KEY_MEMBER, NULL);
  size_t len = read_file(before, sizeof before, path);
  struct om_passphrase_source source = from_file(pass_a);
  assert_int_equal(om_keyfile_create(&info, path, OM_KEY_LOG, "x", "2026-11-23", &source, &cheap, &st), OM_USAGE);
  said("exists already; a key file is never overwritten");
  assert_int_equal(read_file(after, sizeof after, path), len);
  assert_memory_equal(before, after, len);
  unlink(path);
  assert_int_equal(symlink("/nonexistent/target", path), 0); /* a dangling link is something too */
  assert_int_equal(om_keyfile_create(&info, path, OM_KEY_LOG, "x", "2026-11-23", &none, &cheap, &st), OM_USAGE);
  said("exists already; a key file is never overwritten");
  assert_int_equal(each_file(NULL), 3);
}

/* The file comes into being while the passphrase is being asked for: the last step must still refuse. */
static void test_create_loses_a_race(void **state) {
  (void)state;
  char text[64];
  int status;
  struct om_key_info info;
  struct om_passphrase_source source = from_file(other);
  assert_int_equal(mkfifo(other, 0600), 0);
  pid_t child = fork();
  if (child == 0) {
    int fd = open(other, O_WRONLY); /* waits until the passphrase is wanted */
    int rival = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    _exit(write(rival, "rival", 5) == 5 && write(fd, "blue moon\n", 10) == 10 ? 0 : 1);
  }
  assert_int_equal(om_keyfile_create(&info, path, OM_KEY_LOG, "x", "2026-11-23", &source, &cheap, &st), OM_USAGE);
  said("exists already; a key file is never overwritten");
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(read_file(text, sizeof text, path), 5);
  assert_string_equal(text, "rival");
  assert_int_equal(each_file(NULL), 4);
}

static void test_create_checks_its_arguments(void **state) {
  (void)state;
  struct om_key_info info;
  static const char *const days[] = {"",           "2026-11-2",  "2026-11-233", "2026-13-01",
                                     "2026-00-01", "2026-11-31", "2026-02-29",  "2100-02-29",
                                     "2026-11-00", "2026/11/23", "20a6-11-23",  "11-23-2026"};
  for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
    assert_int_equal(om_keyfile_create(&info, path, OM_KEY_LOG, "x", days[i], &none, &cheap, &st), OM_USAGE);
    char why[100];
    snprintf(why, sizeof why, "\"%s\" is not a day written as 2026-11-23", days[i]);
    said(why);
  }
  assert_int_equal(om_keyfile_create(&info, path, OM_KEY_LOG, "a b", "2026-11-23", &none, &cheap, &st), OM_USAGE);
  said("the key's name must be 1 to 128 bytes of UTF-8 text without spaces, '+' or control characters");
  assert_int_equal(om_keyfile_create(&info, path, OM_KEY_LOG, "x", "2028-02-29", &none, &cheap, &st), OM_OK);
  char deep[200];
  snprintf(deep, sizeof deep, "%s/no/key", folder);
  assert_int_equal(om_keyfile_create(&info, deep, OM_KEY_LOG, "x", "2026-11-23", &none, &cheap, &st), OM_IO);
  assert_non_null(strstr(st.text, "/no/key: its folder can't be opened: No such file or directory"));
  char longest[OM_KEY_NAME_BYTES + 1];
  memset(longest, 'n', OM_KEY_NAME_BYTES);
  longest[OM_KEY_NAME_BYTES] = '\0';
  unlink(path);
  struct om_passphrase_source source = from_file(pass_a);
  assert_int_equal(om_keyfile_create(&info, path, OM_KEY_WITNESS, longest, "2026-11-23", &source, &cheap, &st), OM_OK);
  assert_string_equal(info.name, longest);
}

static void test_plain_and_open_to_others(void **state) {
  (void)state;
  static const mode_t modes[] = {0644, 0640, 0604, 0620, 0601, 0610, 0660};
  struct om_secret *secret;
  struct om_key_info info = create(OM_KEY_LOG, NULL);
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    char why[300];
    assert_int_equal(chmod(path, modes[i]), 0);
    assert_int_equal(open_with(&secret, &info, NULL), OM_USAGE);
    assert_null(secret);
    snprintf(why, sizeof why,
             "holds a plain secret and is open to others (mode %04o): run \"chmod 600 %s\", and if somebody may have "
             "read it, replace the key",
             (unsigned)modes[i], path);
    said(why);
    assert_int_equal(om_keyfile_info(&info, path, &st), OM_OK);
  }
  assert_int_equal(chmod(path, 0400), 0);
  assert_int_equal(open_with(&secret, &info, NULL), OM_OK);
  om_secret_free(secret);
  unlink(path);
  info = create(OM_KEY_LOG, pass_a); /* under a passphrase it may be read by all */
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(open_with(&secret, &info, pass_a), OM_OK);
  om_secret_free(secret);
}

static void test_what_is_no_file(void **state) {
  (void)state;
  struct om_secret *secret;
  struct om_key_info info;
  assert_int_equal(open_with(&secret, &info, NULL), OM_IO);
  said("can't be opened: No such file or directory");
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_equal(open_with(&secret, &info, NULL), OM_USAGE); /* and does not hang */
  said("is a device, pipe or socket, not a key file");
  unlink(path);
  assert_int_equal(mkdir(path, 0700), 0);
  assert_int_equal(open_with(&secret, &info, NULL), OM_USAGE);
  said("is a folder, not a key file");
  rmdir(path);
  struct om_key_info made = create(OM_KEY_LOG, pass_a);
  assert_int_equal(rename(path, other), 0);
  assert_int_equal(symlink(other, path), 0);
  assert_int_equal(open_with(&secret, &info, pass_a), OM_OK);
  same_info(&made, &info);
  om_secret_free(secret);
  struct om_passphrase_source a = from_file(pass_a), b = from_file(pass_b);
  assert_int_equal(om_keyfile_passwd(path, &a, &b, &cheap, &st), OM_USAGE);
  said("is a symbolic link; name the file that it leads to");
}

static void test_passwd(void **state) {
  (void)state;
  struct om_secret *secret;
  struct om_key_info info, made = create(OM_KEY_MEMBER, pass_a);
  struct om_passphrase_source a = from_file(pass_a), b = from_file(pass_b);
  char before[4096], after[4096];
  size_t len = read_file(before, sizeof before, path);
  assert_int_equal(om_keyfile_passwd(path, &b, &a, &cheap, &st), OM_USAGE);
  said("the passphrase is wrong, or the file was altered");
  assert_int_equal(read_file(after, sizeof after, path), len);
  assert_memory_equal(before, after, len);
  assert_int_equal(om_keyfile_passwd(path, &a, &b, &cheap, &st), OM_OK);
  assert_int_equal(open_with(&secret, &info, pass_a), OM_USAGE);
  assert_int_equal(open_with(&secret, &info, pass_b), OM_OK);
  same_info(&made, &info);
  om_secret_free(secret);
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(om_keyfile_passwd(path, &b, &none, &cheap, &st), OM_OK);
  assert_int_equal(open_with(&secret, &info, NULL), OM_OK); /* plain, so the mode has become 0600 */
  assert_false(info.is_encrypted);
  same_info(&made, &info);
  om_secret_free(secret);
  assert_int_equal(om_keyfile_passwd(path, &none, &a, &cheap, &st), OM_OK);
  assert_int_equal(open_with(&secret, &info, pass_a), OM_OK);
  same_info(&made, &info);
  om_secret_free(secret);
  assert_int_equal(each_file(NULL), 3);
}

static void test_the_same_passphrase_seals_anew(void **state) {
  (void)state;
  struct om_passphrase_source a = from_file(pass_a);
  char before[4096], after[4096];
  create(OM_KEY_MEMBER, pass_a);
  read_file(before, sizeof before, path);
  assert_int_equal(om_keyfile_passwd(path, &a, &a, &cheap, &st), OM_OK);
  read_file(after, sizeof after, path);
  char *x = strstr(before, "secret: argon2id:1:8192:") + 24, *y = strstr(after, "secret: argon2id:1:8192:") + 24;
  assert_memory_not_equal(x, y, 24);           /* salt */
  assert_memory_not_equal(x + 43, y + 43, 32); /* nonce */
  assert_memory_not_equal(x + 76, y + 76, 64); /* ciphertext */
}

/* A person may add comments, and they outlive a new passphrase. */
static void test_comments(void **state) {
  (void)state;
  struct om_secret *secret;
  struct om_key_info info, made = create(OM_KEY_MEMBER, pass_a);
  struct om_passphrase_source a = from_file(pass_a), b = from_file(pass_b);
  char text[4096], more[OM_KEYFILE_BYTES + 100];
  read_file(text, sizeof text, path);
  char *name = strstr(text, "name:"), *secret_line = strstr(text, "secret:");
  int n = snprintf(more, sizeof more, "%.*s# Grön: kept in the safe\n#\n%.*s# last\n%s", (int)(name - text), text,
                   (int)(secret_line - name), name, secret_line);
  write_file(path, more, (size_t)n, 0600);
  assert_int_equal(open_with(&secret, &info, pass_a), OM_OK);
  same_info(&made, &info);
  om_secret_free(secret);
  assert_int_equal(om_keyfile_passwd(path, &a, &b, &cheap, &st), OM_OK);
  assert_int_equal(open_with(&secret, &info, pass_b), OM_OK);
  om_secret_free(secret);
  read_file(text, sizeof text, path);
  assert_non_null(strstr(text, "\n# Grön: kept in the safe\n#\nname:"));
  assert_non_null(strstr(text, "\n# last\nsecret:"));
}

static void test_comments_without_end(void **state) {
  (void)state;
  struct om_secret *secret;
  struct om_key_info info;
  struct om_passphrase_source a = from_file(pass_a);
  char text[4096], *more = malloc(OM_KEYFILE_BYTES + 2);
  create(OM_KEY_MEMBER, NULL);
  size_t len = read_file(text, sizeof text, path), at = (size_t)(strstr(text, "kind:") - text);
  for (size_t size = OM_KEYFILE_BYTES; size <= OM_KEYFILE_BYTES + 1; size++) {
    memset(more, '#', size);
    memcpy(more, text, at);
    memcpy(more + size - (len - at), text + at, len - at);
    more[size - (len - at) - 1] = '\n';
    write_file(path, more, size, 0600);
    if (size == OM_KEYFILE_BYTES) {
      assert_int_equal(open_with(&secret, &info, NULL), OM_OK);
      om_secret_free(secret);
      assert_int_equal(om_keyfile_passwd(path, &none, &a, &cheap, &st), OM_USAGE);
      said("the comments leave no room: a key file has at most 16384 bytes");
    } else {
      assert_int_equal(open_with(&secret, &info, NULL), OM_MALFORMED);
      said("is longer than 16384 bytes, so it is no key file");
    }
  }
  free(more);
}

/* Whatever byte is changed in an encrypted file, and to whatever: it is refused, or the change lies in the comment. */
static void test_every_changed_byte(void **state) {
  (void)state;
  char text[4096];
  struct om_key_info info, made = create(OM_KEY_LOG, pass_a);
  size_t len = read_file(text, sizeof text, path), taken = 0;
  size_t comment = (size_t)(strchr(text, '#') - text), comment_end = (size_t)(strstr(text, "kind:") - text) - 1;
  for (size_t at = 0; at < len; at++) {
    static const int flips[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, -1, -2};
    for (size_t f = 0; f < sizeof flips / sizeof *flips; f++) {
      char was = text[at];
      text[at] = (char)(flips[f] == -1 ? '\n' : flips[f] == -2 ? '#' : was ^ flips[f]);
      if (text[at] == was) continue;
      write_file(path, text, len, 0600);
      text[at] = was;
      struct om_secret *secret;
      if (open_with(&secret, &info, pass_a) != OM_OK) {
        assert_null(secret);
        continue;
      }
      taken++;
      if (at <= comment || at >= comment_end) fail_msg("byte %zu changed by %d was taken", at, flips[f]);
      same_info(&made, &info);
      om_secret_free(secret);
    }
  }
  assert_true(taken > 0); /* comments are free */
}

static void test_every_truncation(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    char text[4096];
    struct om_key_info info = create(OM_KEY_MEMBER, i ? pass_a : NULL);
    size_t len = read_file(text, sizeof text, path);
    for (size_t cut = 0; cut < len; cut++) {
      struct om_secret *secret;
      write_file(path, text, cut, 0600);
      assert_int_equal(open_with(&secret, &info, pass_a), OM_MALFORMED);
      assert_null(secret);
      assert_int_equal(om_keyfile_info(&info, path, &st), OM_MALFORMED);
    }
    unlink(path);
  }
}

/* In a plain file, what can be checked is: name and kind by the vkey, the two halves by each other. */
static void test_halves_that_do_not_match(void **state) {
  (void)state;
  char one[4096], two[4096], mixed[4096];
  for (int kind = OM_KEY_MEMBER; kind <= OM_KEY_LINK; kind += OM_KEY_LINK) {
    struct om_secret *secret;
    struct om_key_info info;
    create((enum om_key_kind)kind, NULL);
    read_file(one, sizeof one, path);
    unlink(path);
    create((enum om_key_kind)kind, NULL);
    read_file(two, sizeof two, path);
    char *at = strstr(one, "secret:");
    int n = snprintf(mixed, sizeof mixed, "%.*s%s", (int)(at - one), one, strstr(two, "secret:"));
    write_file(path, mixed, (size_t)n, 0600);
    assert_int_equal(open_with(&secret, &info, NULL), OM_CORRUPT);
    assert_null(secret);
    said("line 7: the secret half does not belong to the public half");
    unlink(path);
  }
}

#define HEAD "oremark key file, version 1\n"
#define VKEY "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6"
#define UPPER HEAD "kind: member\nname: TEST\npublic: " VKEY "\ncreated: 2026-11-23\n"
#define SALT "AAAAAAAAAAAAAAAAAAAAAA=="
#define NONCE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define SEALED NONCE NONCE
#define REST SALT " xchacha20poly1305:" NONCE ":" SEALED "\n"

static void test_each_refusal_says_where_and_why(void **state) {
  (void)state;
  static const char limits[] =
      "line 6: argon2id may take 1 to 16 passes over 8192 to 1073741824 bytes here, and this file asks otherwise";
  static const char sizes[] = "line 6: salt, nonce and ciphertext are not the base64 of 16, 24 and 48 bytes";
  static const char form[] =
      "line 6: must be \"secret: argon2id:PASSES:MEMORY:SALT xchacha20poly1305:NONCE:CIPHERTEXT\"";
  static const char foreign[] = "line 1: not an Oremark key file: it must begin with \"oremark key file, version 1\"";
  static const struct {
    const char *text, *why;
  } cases[] = {
      {"", foreign},
      {"-----BEGIN OPENSSH PRIVATE KEY-----\n", foreign},
      {"\xef\xbb\xbf" HEAD, foreign},
      {"oremark key file, version 2\n",
       "line 1: only version 1 of key files is known here; a later Oremark may read this one"},
      {"oremark key file, version 1\r\n", "line 1: ends as on Windows; save the file with Unix line ends"},
      {"oremark key file, version 1", "line 1: does not end in a newline; the file was cut off"},
      {HEAD, "line 2: missing; the file was cut off"},
      {HEAD "# only\n# comments\n", "line 4: missing; the file was cut off"},
      {HEAD "\nkind: member\n", "line 2: must be \"kind: ...\""},
      {HEAD "kind:member\n", "line 2: must be \"kind: ...\""},
      {HEAD "name: TEST\n", "line 2: must be \"kind: ...\""},
      {HEAD "kind: clerk\n", "line 2: the kind must be member, log, cosign, witness, link or sealing"},
      {HEAD "kind: member \n", "line 2: the kind must be member, log, cosign, witness, link or sealing"},
      {HEAD "kind: a-kind-with-a-long-name\n", "line 2: the kind must be member, log, cosign, witness, link or sealing"},
      {HEAD "# \x1b[2J\n", "line 2: holds a control character or is not UTF-8"},
      {HEAD "kind: log\nname: \xff\n", "line 3: holds a control character or is not UTF-8"},
      {HEAD "kind: log\nkind: log\n", "line 3: must be \"name: ...\""},
      {HEAD "kind: log\nname: a b\n",
       "line 3: the name must be 1 to 128 bytes of UTF-8 text without spaces, '+' or control characters"},
      {HEAD "kind: log\nname: TEST\npublic: TEST\n", "line 4: not a verifier key: no '+' after the name"},
      {HEAD "kind: log\nname: test\npublic: " VKEY "\n", "line 4: this public half is named TEST, the file test"},
      {HEAD "kind: cosign\nname: TEST\npublic: " VKEY "\n",
       "line 4: a public half of signature type 0x01 does not suit a cosign key"},
      {HEAD "kind: link\nname: TEST\npublic: AAAA\n", "line 4: the public half is not the base64 of 32 bytes"},
      {HEAD "kind: log\nname: TEST\npublic: " VKEY "\ncreated: yesterday\n", "line 5: not a day written as 2026-11-23"},
      {UPPER "secret: shouted\n", "line 6: the secret must be \"plain ...\" or \"argon2id:...\""},
      {UPPER "secret: plain AAAA\n", "line 6: the plain secret is not the base64 of 32 bytes"},
      {UPPER "secret: plain AAAA\n# more\n", "line 7: nothing may follow the secret"},
      {UPPER "secret: argon2id:3\n", form},
      {UPPER "secret: argon2id:3:8192:" SALT " aes256:" NONCE ":" SEALED "\n", form},
      {UPPER "secret: argon2id:3:68719476736:" REST, limits},
      {UPPER "secret: argon2id:3:1073741825:" REST, limits},
      {UPPER "secret: argon2id:3:8191:" REST, limits},
      {UPPER "secret: argon2id:17:8192:" REST, limits},
      {UPPER "secret: argon2id:0:8192:" REST, limits},
      {UPPER "secret: argon2id:03:8192:" REST, limits},
      {UPPER "secret: argon2id:-3:8192:" REST, limits},
      {UPPER "secret: argon2id:4294967297:8192:" REST, limits},
      {UPPER "secret: argon2id:3:99999999999999999999:" REST, limits},
      {UPPER "secret: argon2id::8192:" REST, limits},
      {UPPER "secret: argon2id:3:8192:AAAA xchacha20poly1305:" NONCE ":" SEALED "\n", sizes},
      {UPPER "secret: argon2id:3:8192:" SALT " xchacha20poly1305:" NONCE "AAAA:" SEALED "\n", sizes},
      {UPPER "secret: argon2id:3:8192:" SALT " xchacha20poly1305:" NONCE ":" SEALED ":\n", sizes},
      {UPPER "secret: argon2id:3:8192:" SALT " xchacha20poly1305:" NONCE ":" SEALED " \n", sizes},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct om_key_info info;
    write_file(path, cases[i].text, strlen(cases[i].text), 0600);
    assert_int_equal(om_keyfile_info(&info, path, &st), OM_MALFORMED);
    said(cases[i].why);
  }
}

/* ---- interruptions ---- */

/* A write that fails half way (here at a limit on file sizes, as on a full disk) leaves the old file and nothing else.
 */
static void test_a_failing_write(void **state) {
  (void)state;
  struct om_key_info info;
  struct om_passphrase_source a = from_file(pass_a), b = from_file(pass_b);
  char before[4096], after[4096];
  int status;
  create(OM_KEY_MEMBER, pass_a);
  size_t len = read_file(before, sizeof before, path);
  pid_t child = fork();
  if (child == 0) {
    const struct rlimit small = {200, 200};
    struct om_secret *secret;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &small) != 0) _exit(1);
    if (om_keyfile_passwd(path, &a, &b, &cheap, &st) != OM_IO) _exit(2);
    if (!strstr(st.text, "/key: can't be written: File too large")) _exit(3);
    if (om_keyfile_create(&info, other, OM_KEY_LOG, "x", "2026-11-23", &none, &cheap, &st) != OM_IO) _exit(4);
    _exit(open_with(&secret, &info, pass_a) == OM_OK ? 0 : 5);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(each_file(NULL), 3);
  assert_int_equal(read_file(after, sizeof after, path), len);
  assert_memory_equal(before, after, len);
}

static void test_a_folder_that_is_read_only(void **state) {
  (void)state;
  struct om_key_info info;
  if (geteuid() == 0) { /* root may write everywhere: try it as nobody */
    int status;
    pid_t child = fork();
    if (child == 0) {
      if (chmod(folder, 0555) != 0 || setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
      enum om_code code = om_keyfile_create(&info, path, OM_KEY_LOG, "x", "2026-11-23", &none, &cheap, &st);
      _exit(code == OM_IO && strstr(st.text, "/key: can't be written: Permission denied") ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return;
  }
  assert_int_equal(chmod(folder, 0555), 0);
  assert_int_equal(om_keyfile_create(&info, path, OM_KEY_LOG, "x", "2026-11-23", &none, &cheap, &st), OM_IO);
  said("can't be written: Permission denied");
}

/* Killed at any moment, the file opens with the one passphrase or the other and holds the same key. */
static void test_passwd_killed(void **state) {
  (void)state;
  struct om_key_info info, made = create(OM_KEY_MEMBER, pass_a);
  struct om_passphrase_source a = from_file(pass_a), b = from_file(pass_b);
  struct om_secret *secret;
  for (unsigned i = 0; i < 60; i++) {
    pid_t child = fork();
    if (child == 0)
      for (bool is_a = open_with(&secret, &info, pass_a) == OM_OK;; is_a = !is_a)
        if (om_keyfile_passwd(path, is_a ? &a : &b, is_a ? &b : &a, &cheap, &st) != OM_OK) _exit(1);
    int status;
    usleep(2000 + i * 331 % 9000);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    if (open_with(&secret, &info, pass_a) != OM_OK && open_with(&secret, &info, pass_b) != OM_OK)
      fail_msg("kill %u: %s", i, st.text);
    same_info(&made, &info);
    om_secret_free(secret);
  }
}

static void test_default_cost(void **state) {
  (void)state;
  assert_int_equal(om_pwhash_default.passes, 3);
  assert_int_equal(om_pwhash_default.mem_bytes, 256 * 1024 * 1024);
  struct om_passphrase_source a = from_file(pass_a);
  struct om_key_info info;
  struct om_secret *secret;
  char text[4096];
  assert_int_equal(om_keyfile_create(&info, path, OM_KEY_LOG, "x", "2026-11-23", &a, NULL, &st), OM_OK);
  read_file(text, sizeof text, path);
  assert_non_null(strstr(text, "\nsecret: argon2id:3:268435456:"));
  assert_int_equal(open_with(&secret, &info, pass_a), OM_OK);
  om_secret_free(secret);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_every_kind_plain_and_encrypted),
      TEST(test_opened_secrets_work),
      TEST(test_text_of_the_file),
      TEST(test_files_of_others),
      TEST(test_wrong_passphrase),
      TEST(test_create_overwrites_nothing),
      TEST(test_create_loses_a_race),
      TEST(test_create_checks_its_arguments),
      TEST(test_plain_and_open_to_others),
      TEST(test_what_is_no_file),
      TEST(test_passwd),
      TEST(test_the_same_passphrase_seals_anew),
      TEST(test_comments),
      TEST(test_comments_without_end),
      TEST(test_every_changed_byte),
      TEST(test_every_truncation),
      TEST(test_halves_that_do_not_match),
      TEST(test_each_refusal_says_where_and_why),
      TEST(test_a_failing_write),
      TEST(test_a_folder_that_is_read_only),
      TEST(test_passwd_killed),
      TEST(test_default_cost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
