#include "ledger/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

#include "support/test.h"

static bool all_zero(const unsigned char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (bytes[i] != 0) return false;
  return true;
}

static void memory_is_zeroed_aligned_and_apart(void **state) {
  (void)state;
  struct om_arena arena = {0};
  for (int round = 0; round < 3; round++) {
    unsigned char *parts[400];
    size_t sizes[400];
    for (size_t i = 0; i < 400; i++) {
      sizes[i] = (i * 37) % 1500;
      parts[i] = om_arena_alloc(&arena, sizes[i]);
      assert_int_equal((uintptr_t)parts[i] % alignof(max_align_t), 0);
      assert_true(all_zero(parts[i], sizes[i]));
      memset(parts[i], (int)(i % 255) + 1, sizes[i]);
    }
    for (size_t i = 0; i < 400; i++)
      for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(parts[i][k], i % 255 + 1);
    om_arena_reset(&arena);
  }
  om_arena_free(&arena);
}

static void larger_than_a_chunk(void **state) {
  (void)state;
  struct om_arena arena = {0};
  unsigned char *giant = om_arena_array(&arena, 3, OM_ARENA_CHUNK_BYTES);
  assert_true(all_zero(giant, 3 * OM_ARENA_CHUNK_BYTES));
  memset(giant, 1, 3 * OM_ARENA_CHUNK_BYTES);
  const char *copy = om_arena_copy(&arena, "blister", 8);
  assert_string_equal(copy, "blister");
  om_arena_reset(&arena);
  assert_non_null(om_arena_copy(&arena, NULL, 0));
  om_arena_free(&arena);
}

static void unpacking_is_bounded_until_reset(void **state) {
  (void)state;
  struct om_arena arena = {0};
  ProtobufCAllocator *allocator = om_arena_protobuf(&arena);
  assert_ptr_equal(allocator->allocator_data, &arena);
  void *half = allocator->alloc(allocator->allocator_data, OM_ARENA_DECODE_MAX_BYTES / 2);
  assert_non_null(half);
  allocator->free(allocator->allocator_data, half);
  assert_non_null(allocator->alloc(allocator->allocator_data, OM_ARENA_DECODE_MAX_BYTES / 2));
  assert_false(arena.full);
  assert_null(allocator->alloc(allocator->allocator_data, 1));
  assert_true(arena.full); /* which says that bytes which did not unpack may be sound */
  assert_null(allocator->alloc(allocator->allocator_data, SIZE_MAX));
  assert_non_null(om_arena_alloc(&arena, 100)); /* our own needs do not depend on what a stranger sent */
  om_arena_reset(&arena);
  assert_false(arena.full);
  assert_non_null(allocator->alloc(allocator->allocator_data, 1));
  om_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
      cmocka_unit_test(larger_than_a_chunk),
      cmocka_unit_test(unpacking_is_bounded_until_reset),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
