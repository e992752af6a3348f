#include "ledger/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/status.h"

struct om_arena_chunk {
  struct om_arena_chunk *next;
  size_t used;
  size_t size;
  alignas(max_align_t) unsigned char bytes[];
};

static struct om_arena_chunk *chunk_new(size_t size) {
  if (size < OM_ARENA_CHUNK_BYTES) size = OM_ARENA_CHUNK_BYTES;
  if (size > SIZE_MAX - sizeof(struct om_arena_chunk)) return NULL;
  struct om_arena_chunk *chunk = malloc(sizeof *chunk + size);
  if (chunk == NULL) return NULL;
  chunk->next = NULL;
  chunk->used = 0;
  chunk->size = size;
  return chunk;
}

/* Not zeroed; NULL when memory is out. */
static void *take(struct om_arena *arena, size_t size) {
  const size_t align = alignof(max_align_t);
  if (size > SIZE_MAX - align) return NULL;
  size = size == 0 ? align : (size + align - 1) / align * align;
  if (arena->last == NULL || arena->last->size - arena->last->used < size) {
    struct om_arena_chunk *chunk = chunk_new(size);
    if (chunk == NULL) return NULL;
    if (arena->last == NULL)
      arena->first = chunk;
    else
      arena->last->next = chunk;
    arena->last = chunk;
  }
  void *out = arena->last->bytes + arena->last->used;
  arena->last->used += size;
  return out;
}

void *om_arena_alloc(struct om_arena *arena, size_t size) {
  void *out = take(arena, size);
  OM_ASSERT(out != NULL);
  return memset(out, 0, size);
}

void *om_arena_array(struct om_arena *arena, size_t count, size_t size) {
  OM_ASSERT(size == 0 || count <= SIZE_MAX / size);
  return om_arena_alloc(arena, count * size);
}

void *om_arena_copy(struct om_arena *arena, const void *data, size_t size) {
  void *out = take(arena, size);
  OM_ASSERT(out != NULL);
  if (size > 0) memcpy(out, data, size);
  return out;
}

static void *decode_alloc(void *data, size_t size) {
  struct om_arena *arena = data;
  void *out = size > OM_ARENA_DECODE_MAX_BYTES - arena->decoded ? NULL : take(arena, size);
  if (out != NULL)
    arena->decoded += size;
  else
    arena->full = true;
  return out;
}

static void decode_free(void *data, void *pointer) {
  (void)data;
  (void)pointer;
}

ProtobufCAllocator *om_arena_protobuf(struct om_arena *arena) {
  arena->allocator.alloc = decode_alloc;
  arena->allocator.free = decode_free;
  arena->allocator.allocator_data = arena;
  return &arena->allocator;
}

static void free_chunks(struct om_arena_chunk *chunk) {
  while (chunk != NULL) {
    struct om_arena_chunk *next = chunk->next;
    free(chunk);
    chunk = next;
  }
}

void om_arena_reset(struct om_arena *arena) {
  arena->decoded = 0;
  arena->full = false;
  if (arena->first == NULL) return;
  if (arena->first->size > OM_ARENA_CHUNK_BYTES) { /* a rare giant must not stay resident for ever */
    free_chunks(arena->first);
    arena->first = arena->last = NULL;
    return;
  }
  free_chunks(arena->first->next);
  arena->first->next = NULL;
  arena->first->used = 0;
  arena->last = arena->first;
}

void om_arena_free(struct om_arena *arena) {
  free_chunks(arena->first);
  arena->first = arena->last = NULL;
  arena->decoded = 0;
  arena->full = false;
}
