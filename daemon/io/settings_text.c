#include "daemon/io/settings_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/io/settings.h"
#include "keys/utf8.h"

static enum om_code read_file(char **text, size_t *len, const char *path, struct om_status *st) {
  *text = NULL;
  FILE *file = fopen(path, "re");
  if (file == NULL) return om_fail(st, OM_IO, NULL, "settings file %s: %s", path, strerror(errno));
  struct stat about;
  enum om_code code = OM_OK;
  if (fstat(fileno(file), &about) == 0 && S_ISDIR(about.st_mode))
    code = om_fail(st, OM_IO, NULL, "settings file %s: it is a folder", path);
  *text = malloc(OM_SETTINGS_FILE_MAX_BYTES + 2); /* one more shows that it is too large; and a NUL */
  if (code == OM_OK && *text == NULL) code = om_fail(st, OM_IO, NULL, "no memory for the settings");
  if (code == OM_OK) {
    *len = fread(*text, 1, OM_SETTINGS_FILE_MAX_BYTES + 1, file);
    if (ferror(file)) code = om_fail(st, OM_IO, NULL, "settings file %s: %s", path, strerror(errno));
    if (code == OM_OK && *len > OM_SETTINGS_FILE_MAX_BYTES)
      code = om_fail(st, OM_USAGE, NULL, "settings file %s: larger than %d bytes", path, OM_SETTINGS_FILE_MAX_BYTES);
  }
  fclose(file);
  if (code == OM_OK) (*text)[*len] = '\0';
  return code;
}

/* Refuses what is no text before libconfuse sees it, with the line. */
static enum om_code check_text(const char *path, const char *text, size_t len, struct om_status *st) {
  int line = 1;
  for (size_t at = 0; at < len;) {
    uint32_t c;
    size_t n = om_utf8_next(&c, text + at, len - at);
    if (n == 0) return om_fail(st, OM_USAGE, NULL, "%s:%d: not UTF-8", path, line);
    bool is_space = c == '\n' || c == '\t' || c == '\r';
    if (!is_space && !om_text_ok(text + at, n))
      return om_fail(st, OM_USAGE, NULL, "%s:%d: control character U+%04" PRIX32, path, line, c);
    if (c == '\n') line++;
    at += n;
  }
  return OM_OK;
}

/* Where a character of the file stands. */
enum place { PLACE_OPEN, PLACE_LINE_COMMENT, PLACE_COMMENT, PLACE_QUOTED };

/* Whether a comment of libconfuse's begins at TEXT + AT: "#" anywhere, "//" and "/" with "*" where a word could begin.
 */
static enum place comment_at(const char *text, size_t at) {
  if (text[at] == '#') return PLACE_LINE_COMMENT;
  bool begins_word = at == 0 || strchr(" \t\r\n={}()+,\"'", text[at - 1]) != NULL;
  if (!begins_word || text[at] != '/') return PLACE_OPEN;
  return text[at + 1] == '/' ? PLACE_LINE_COMMENT : text[at + 1] == '*' ? PLACE_COMMENT : PLACE_OPEN;
}

/* Turns comments into spaces, as libconfuse 3.3 counts their lines wrongly, and refuses a quotation or comment that is
 * not closed, as it would take that as the beginning of the next file. */
static enum om_code blank_comments(const char *path, char *text, struct om_status *st) {
  enum place place = PLACE_OPEN;
  int line = 1, began = 1;
  char quote = '\0';
  for (size_t i = 0; text[i] != '\0'; i++) {
    if (text[i] == '\n') line++;
    if (place == PLACE_OPEN) {
      began = line;
      quote = text[i];
      place = quote == '"' || quote == '\'' ? PLACE_QUOTED : comment_at(text, i);
      if (place == PLACE_COMMENT) text[i++] = ' '; /* so that the star that opens it does not close it */
    } else if (place == PLACE_QUOTED) {
      if (text[i] == quote) place = PLACE_OPEN;
      if (text[i] == '\\' && text[i + 1] != '\0' && text[++i] == '\n') line++;
    } else if (place == PLACE_COMMENT && text[i] == '*' && text[i + 1] == '/') {
      text[i++] = ' ';
      text[i] = ' ';
      place = PLACE_OPEN;
    } else if (place == PLACE_LINE_COMMENT && text[i] == '\n') {
      place = PLACE_OPEN;
    }
    bool is_comment = place == PLACE_COMMENT || place == PLACE_LINE_COMMENT;
    if (is_comment && text[i] != '\n') text[i] = ' ';
  }
  if (place == PLACE_OPEN || place == PLACE_LINE_COMMENT) return OM_OK;
  return om_fail(st, OM_USAGE, NULL, "%s:%d: %s that begins here is not closed", path, began,
                 place == PLACE_QUOTED ? "a quotation" : "a comment");
}

enum om_code om_settings_text(char **out, const char *path, struct om_status *st) {
  size_t len = 0;
  enum om_code code = read_file(out, &len, path, st);
  if (code == OM_OK) code = check_text(path, *out, len, st);
  if (code == OM_OK) code = blank_comments(path, *out, st);
  return code;
}
