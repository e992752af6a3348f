/* Hints to the system about threads. Each test asks in a thread of its own: what is said holds for good. */
#include "support/test.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/io/turns.h"

struct seen {
  int nice, policy;
  uint64_t turn_ns, flags;
};

/* struct sched_attr of Linux 3.14, whose header can't stand beside the C library's. */
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

static struct seen look(void) {
  struct attributes attr = {.size = sizeof attr};
  assert_int_equal(syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0), 0);
  return (struct seen){getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid)), (int)attr.policy, attr.runtime,
                       attr.flags};
}

static void *looks(void *out) {
  *(struct seen *)out = look();
  return NULL;
}

static void run_in_a_thread(struct seen *seen, void *(*run)(void *)) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, run, seen), 0);
  pthread_join(thread, NULL);
}

static struct seen in_a_thread(void *(*run)(void *)) {
  struct seen seen;
  run_in_a_thread(&seen, run);
  return seen;
}

static void *soon(void *out) {
  om_turn_soon();
  return looks(out);
}

static void *started_by_who_answers(void *out) {
  om_turn_soon();
  *(struct seen *)out = in_a_thread(looks);
  return NULL;
}

static void *started_by_who_answers_for_nobody(void *out) {
  om_turn_whole();
  return looks(out);
}

static void *who_has_started_one(void *out) {
  om_turn_soon();
  *(struct seen *)out = in_a_thread(started_by_who_answers_for_nobody);
  return NULL;
}

/* The nice value of a thread that was started is as of who started it: below 0, where this program may ask for that. */
static void *started_by_who_is_in_haste(void *out) {
  struct seen *seen = out;
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), -5);
  om_turn_soon();
  seen[0] = look();
  seen[1] = in_a_thread(looks);
  return NULL;
}

static void *by_what_there_is_to_do(void *out) {
  struct seen *seen = out;
  bool bulk = true;
  om_turns(&bulk, true);
  seen[0] = look();
  om_turns(&bulk, false);
  om_turns(&bulk, false);
  seen[1] = look();
  om_turns(&bulk, true);
  seen[2] = look();
  return NULL;
}

static void *under_another_policy(void *out) {
  struct sched_param none = {0};
  assert_int_equal(sched_setscheduler(0, SCHED_BATCH, &none), 0); /* of the calling thread */
  om_turn_soon();
  return looks(out);
}

/* An older system shows no turns, and has none to set. */
static uint64_t short_turn(struct seen usual) {
  return usual.policy == SCHED_OTHER && usual.turn_ns > 0 ? OM_TURN_NS : usual.turn_ns;
}

static void who_answers_gets_short_turns(void **state) {
  (void)state;
  struct seen before = look(), after = in_a_thread(soon), started = in_a_thread(started_by_who_answers);
  assert_int_equal(after.policy, before.policy);
  assert_int_equal(after.nice, before.nice);
  assert_int_equal(after.turn_ns, short_turn(before));
  assert_int_equal(started.turn_ns, short_turn(before)); /* until it says that nobody waits for it: */
  assert_int_equal(in_a_thread(who_has_started_one).turn_ns, before.turn_ns);
}

/* Whoever may not ask for a nice value below 0 sees by the flags that none would be lost. */
static void the_nice_value_stays(void **state) {
  (void)state;
  struct seen before = look(), seen[2];
  run_in_a_thread(seen, started_by_who_is_in_haste);
  assert_int_equal(seen[1].nice, seen[0].nice);
  assert_int_equal(seen[1].flags, before.flags);
  assert_int_equal(seen[0].flags, before.flags);
}

static void turns_follow_what_there_is_to_do(void **state) {
  (void)state;
  struct seen before = look(), seen[3];
  run_in_a_thread(seen, by_what_there_is_to_do);
  assert_int_equal(seen[0].turn_ns, before.turn_ns);
  assert_int_equal(seen[1].turn_ns, short_turn(before));
  assert_int_equal(seen[2].turn_ns, before.turn_ns);
}

static void another_policy_stays(void **state) {
  (void)state;
  assert_int_equal(in_a_thread(under_another_policy).policy, SCHED_BATCH);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_answers_gets_short_turns),
      cmocka_unit_test(the_nice_value_stays),
      cmocka_unit_test(turns_follow_what_there_is_to_do),
      cmocka_unit_test(another_policy_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
