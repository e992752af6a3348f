/* Log lines of the daemon: one event a line on standard error, in logfmt, so that journald, a file and a person can
 * read them:
 *
 *   2026-11-23T06:41:08.123Z level=info event=peer-connected origin=kokkola.example/log detail="after 3 attempts"
 *
 * Values that are not plain words are quoted; control characters, bytes that are not UTF-8, and characters that reorder
 * text are escaped as \n, \t, \r, \", \\ or \xHH a byte, so that nothing from outside can forge a line or steer a
 * terminal. Thread: any; each line is one write(2), so lines of several threads do not mix. */
#ifndef OREMARK_DAEMON_IO_LOGLINE_H
#define OREMARK_DAEMON_IO_LOGLINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum om_log_level { OM_LOG_ERROR, OM_LOG_WARNING, OM_LOG_INFO, OM_LOG_DEBUG };

enum {
  OM_LOG_LINE_BYTES = 4096, /* PIPE_BUF on Linux: a write of this much to a pipe is never torn; longer lines are cut */
};

/* The level's name, "error" to "debug"; and back: false if NAME is none of them. */
const char *om_log_level_name(enum om_log_level level);
bool om_log_level_parse(enum om_log_level *out, const char *name);

/* Lines above LEVEL are dropped from now on; at the start it is OM_LOG_INFO. */
void om_log_set_level(enum om_log_level level);
bool om_log_wants(enum om_log_level level);

/* Writes a line. EVENT is a plain word ("peer-connected"). FIELDS gives the rest as it shall read: KEY=FORMAT,
 * separated by single spaces; a format with spaces in it stands in double quotes:
 *
 *   om_log(OM_LOG_INFO, "peer-connected", "origin=%s size=%" PRIu64 " detail=\"after %d attempts\"", origin, size, n);
 *
 * Quotes in the output are decided by the value, not by the format. Formats are those of printf but for %n, * and
 * floating point. A line that can't be written is lost: there is nowhere to say so. */
void om_log(enum om_log_level level, const char *event, const char *fields, ...) __attribute__((format(printf, 3, 4)));

/* The same without fields. */
void om_log_event(enum om_log_level level, const char *event);

/* The line that om_log would write at TIME_MS (milliseconds since 1970), with its newline, into OUT; returns its
 * length. */
size_t om_log_format(char out[OM_LOG_LINE_BYTES], int64_t time_ms, enum om_log_level level, const char *event,
                     const char *fields, va_list args) __attribute__((format(printf, 5, 0)));

#endif
