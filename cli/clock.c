#include "cli/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ledger/names.h"

static int64_t read_clock(clockid_t id) {
  struct timespec now;
  OM_ASSERT(clock_gettime(id, &now) == 0);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t om_now_ms(void) {
  return read_clock(CLOCK_REALTIME);
}

int64_t om_tick_ms(void) {
  return read_clock(CLOCK_MONOTONIC);
}

void om_sleep_ms(int64_t ms) {
  struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
  while (nanosleep(&left, &left) && errno == EINTR) continue;
}

int32_t om_zone_at(int64_t ms) {
  time_t seconds = (time_t)(ms / 1000);
  struct tm local;
  if (!localtime_r(&seconds, &local)) return 0;
  return (int32_t)(local.tm_gmtoff / 60);
}

/* The local time that stands in the zoneless text "YYYY-MM-DDTHH:MM:SS", as Unix seconds. */
static bool local_seconds(time_t *out, const char *text) {
  struct tm tm = {.tm_isdst = -1};
  const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
  tm.tm_isdst = -1;
  if (!end) return false;
  *out = mktime(&tm);
  return *out != (time_t)-1;
}

static enum om_code not_a_time(const char *text, struct om_status *st) {
  return om_fail(st, OM_USAGE, NULL,
                 "'%s' is not a time: write 2026-11-23T07:04:00+01:00, 2026-11-23 07:04 (local time) or 2026-11-23",
                 text);
}

enum om_code om_when_parse(int64_t *ms, int32_t *zone_min, const char *text, struct om_status *st) {
  char whole[OM_TIME_TEXT_BYTES + 8];
  size_t len = strlen(text);
  if (len >= OM_TIME_TEXT_BYTES) return not_a_time(text, st);
  memcpy(whole, text, len + 1);
  if (len > 10 && whole[10] == ' ') whole[10] = 'T';
  char *clock = len > 10 ? whole + 11 : whole + len;
  size_t digits = strspn(clock, "0123456789:");
  if (digits == 5) { /* no seconds */
    memmove(clock + 8, clock + 5, strlen(clock + 5) + 1);
    memcpy(clock + 5, ":00", 3);
  }
  if (len == 10) memcpy(whole + 10, "T00:00:00", 10);
  len = strlen(whole);
  size_t fraction = len > 19 && whole[19] == '.' ? 1 + strspn(whole + 20, "0123456789") : 0;
  if (len == 19 + fraction) { /* no zone */
    time_t seconds;
    if (!local_seconds(&seconds, whole)) return not_a_time(text, st);
    int32_t zone = om_zone_at((int64_t)seconds * 1000);
    snprintf(whole + len, sizeof whole - len, "%c%02d:%02d", zone < 0 ? '-' : '+', (zone < 0 ? -zone : zone) / 60 % 100,
             (zone < 0 ? -zone : zone) % 60);
  }
  if (om_time_parse(ms, zone_min, whole, st)) return not_a_time(text, st);
  return OM_OK;
}
