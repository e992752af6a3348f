/* A bump arena: memory for one piece of work (one statement, one request), given back all at once. What it returns
 * belongs to the arena and dies with om_arena_reset or om_arena_free; nothing is freed singly.
 * Thread: an arena belongs to one thread at a time; it has no lock. */
#ifndef OREMARK_LEDGER_ARENA_H
#define OREMARK_LEDGER_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

enum {
  OM_ARENA_CHUNK_BYTES = 64 * 1024, /* an ordinary entry unpacks into one; malloc keeps such a size in its heap */
  /* What unpacking may take between two resets: a frame is at most 1 MiB, and small nested messages grow about
   * thirtyfold when unpacked. */
  OM_ARENA_DECODE_MAX_BYTES = 32 * 1024 * 1024,
};

struct om_arena_chunk;

/* All zero bytes are an empty arena, ready for use. Not to be copied or moved once in use: ALLOCATOR points into it. */
struct om_arena {
  struct om_arena_chunk *first; /* kept by om_arena_reset */
  struct om_arena_chunk *last;
  size_t decoded; /* bytes taken through ALLOCATOR since the last reset */
  bool full;      /* since then it has refused some */
  ProtobufCAllocator allocator;
};

/* SIZE zeroed bytes, aligned for any type; SIZE 0 gives a valid pointer too. Never NULL: callers ask only for sizes
 * that a limit bounds, so running out of memory is a broken invariant and stops the program. */
void *om_arena_alloc(struct om_arena *arena, size_t size);

/* COUNT elements of SIZE bytes each, as om_arena_alloc; a product that overflows stops the program. */
void *om_arena_array(struct om_arena *arena, size_t count, size_t size);

/* A copy of the SIZE bytes at DATA (may be NULL when SIZE is 0). */
void *om_arena_copy(struct om_arena *arena, const void *data, size_t size);

/* An allocator for protobuf-c's unpack functions; its free does nothing, so *_free_unpacked is not needed. It gives
 * NULL beyond OM_ARENA_DECODE_MAX_BYTES or when memory is out, and unpack then fails. Lives as long as ARENA. */
ProtobufCAllocator *om_arena_protobuf(struct om_arena *arena);

/* Forgets everything that was allocated; keeps one chunk for the next piece of work. */
void om_arena_reset(struct om_arena *arena);

/* Gives all memory back; ARENA is empty and may be used again. */
void om_arena_free(struct om_arena *arena);

#endif
