/* What seeds are for has to happen in them: counted over all that one run of the program goes through, it fails where
 * something never did. */
#include <stdio.h>

#include "sim/sim.h"

static struct {
  size_t frozen; /* logs, by anybody honest */
  size_t released, overruled, released_so;
  size_t led_on, unread;
  size_t acts, records, unsettled, governments;
} happened;

void sim_cover(struct sim *s) {
  happened.frozen += sim_frozen(s);
  happened.led_on += s->missed.led_on;
  happened.unread += s->missed.unread;
  happened.acts += s->races.acts;
  happened.records += s->races.records;
  happened.unsettled += s->races.unsettled;
  happened.governments += s->governors.changes;
  happened.released += s->released;
  happened.overruled += s->overruled.n;
  happened.released_so += s->overruled.released;
}

static bool missing(size_t n, const char *what) {
  if (n == 0) printf("violation: in none of these seeds %s\n", what);
  return n == 0;
}

bool sim_covered(enum sim_scene scene) {
  bool any = scene == SIM_ANY, lacks = false;
  if (scene == SIM_FREEZE) lacks |= missing(happened.frozen, "was a log frozen");
  if (scene == SIM_MISSED) {
    lacks |= missing(happened.led_on, "was a daemon led on by a recorded head");
    lacks |= missing(happened.unread, "could a recorded head not be read");
  }
  if (scene == SIM_RESTART) {
    lacks |= missing(happened.acts, "was an act taken out by a restart");
    lacks |= missing(happened.records, "was anything else taken out by a restart");
    lacks |= missing(happened.unsettled, "did a restart end a change of the witnesses");
    lacks |= missing(happened.governments, "did it change who governs");
  }
  if (any) lacks |= missing(happened.released, "was a hold released by its releasers");
  if (any) lacks |= missing(happened.overruled, "was a hold overruled");
  if (any) lacks |= missing(happened.released_so, "was a hold released because it was overruled");
  return !lacks;
}
