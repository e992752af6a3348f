#include "daemon/io/turns.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of NS; 0: of the usual length. */
static void turns_of(uint64_t ns) {
  struct sched_attr attr = {.size = sizeof attr};
  if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) != 0 || attr.sched_policy != SCHED_NORMAL) return;
  if (ns == 0 && attr.sched_runtime != OM_TURN_NS) return;
  /* Nothing is asked to be reset for threads that this one starts: with the turns they would lose a nice value below 0,
   * and could not take it back. */
  attr.sched_runtime = ns;
  syscall(SYS_sched_setattr, 0, &attr, 0);
}

void om_turn_soon(void) {
  turns_of(OM_TURN_NS);
}

void om_turn_whole(void) {
  turns_of(0);
}

void om_turns(bool *bulk, bool now) {
  if (*bulk == now) return;
  *bulk = now;
  if (now)
    om_turn_whole();
  else
    om_turn_soon();
}
