#include "support/canon.h"

#include <stdlib.h>
#include <string.h>

#include "keys/status.h"
#include "keys/utf8.h"
#include "support/seed.h"

/* Smaller limits than 1,000, by the names that the schemas give. */
static const struct {
  const char *type, *field;
  size_t max;
} limits[] = {
    {"Statement", "events", 256}, {"SignedStatement", "signatures", 32},
    {"Material", "metals", 16},   {"Material", "aliases", 64},
    {"Loss", "metals", 16},       {"Transform", "losses", 16},
    {"Draw", "losses", 16},
};

size_t canon_limit(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field) {
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    if (strcmp(limits[i].type, type->short_name) == 0 && strcmp(limits[i].field, field->name) == 0)
      return limits[i].max;
  return 1000;
}

static size_t size_of(ProtobufCType type) {
  switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return 4;
    case PROTOBUF_C_TYPE_ENUM: return sizeof(int);
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
  }
  abort();
}

/* A member of a message struct, by its offset. */
static void *member(const ProtobufCMessage *message, unsigned offset) {
  return (char *)(uintptr_t)message + offset;
}

/* ---- judging ---- */

static bool limits_kept(const ProtobufCMessage *message);

static bool value_kept(const ProtobufCFieldDescriptor *field, const void *value) {
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
    const ProtobufCMessage *inner = *(ProtobufCMessage *const *)value;
    return !inner || limits_kept(inner);
  }
  if (field->type == PROTOBUF_C_TYPE_STRING) {
    const char *text = *(char *const *)value;
    return !text || om_text_ok(text, strlen(text));
  }
  return field->type != PROTOBUF_C_TYPE_ENUM ||
         protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value);
}

static bool field_kept(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
  const char *value = member(message, field->offset);
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && *(uint32_t *)member(message, field->quantifier_offset) != field->id)
    return true;
  if (field->label != PROTOBUF_C_LABEL_REPEATED) return value_kept(field, value);
  size_t n = *(size_t *)member(message, field->quantifier_offset);
  const char *list = *(char *const *)value;
  if (n > canon_limit(message->descriptor, field)) return false;
  for (size_t i = 0; i < n; i++)
    if (!value_kept(field, list + i * size_of(field->type))) return false;
  return true;
}

static bool limits_kept(const ProtobufCMessage *message) {
  if (message->n_unknown_fields) return false;
  for (unsigned i = 0; i < message->descriptor->n_fields; i++)
    if (!field_kept(message, &message->descriptor->fields[i])) return false;
  return true;
}

bool canon_by_repacking(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len) {
  ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, len, bytes);
  if (!message) return false;
  bool same = protobuf_c_message_get_packed_size(message) == len;
  if (same && len) {
    uint8_t *again = malloc(len);
    OM_ASSERT(again);
    protobuf_c_message_pack(message, again);
    same = memcmp(again, bytes, len) == 0;
    free(again);
  }
  same = same && limits_kept(message);
  protobuf_c_message_free_unpacked(message, NULL);
  return same;
}

/* ---- making ---- */

static uint64_t random_number(uint64_t *seed) {
  uint64_t bits = test_below(seed, 65);
  return bits == 0 ? 0 : test_random(seed) >> (64 - bits);
}

static char *random_text(struct om_arena *arena, uint64_t *seed) {
  static const char *const parts[] = {"a", "Z", " ", "copper", "Rönnskär", "銅", "\xF0\x9F\x94\xA9", "-", "0"};
  char text[64] = "";
  for (uint64_t n = test_below(seed, 4); n; n--) strcat(text, parts[test_below(seed, sizeof parts / sizeof *parts)]);
  return om_arena_copy(arena, text, strlen(text) + 1);
}

static ProtobufCBinaryData random_bytes(struct om_arena *arena, uint64_t *seed) {
  static const size_t lens[] = {0, 1, 16, 20, 32, 64, 130};
  size_t len = lens[test_below(seed, sizeof lens / sizeof *lens)];
  uint8_t *data = om_arena_alloc(arena, len);
  for (size_t i = 0; i < len; i++) data[i] = (uint8_t)test_random(seed);
  return (ProtobufCBinaryData){len, data};
}

static void random_value(struct om_arena *arena, const ProtobufCFieldDescriptor *field, void *value, uint64_t *seed) {
  uint64_t number = random_number(seed);
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
    *(ProtobufCMessage **)value = canon_random(arena, field->descriptor, seed);
  } else if (field->type == PROTOBUF_C_TYPE_STRING) {
    *(char **)value = random_text(arena, seed);
  } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
    *(ProtobufCBinaryData *)value = random_bytes(arena, seed);
  } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
    const ProtobufCEnumDescriptor *names = field->descriptor;
    *(int *)value = names->values[number % names->n_values].value;
  } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
    *(protobuf_c_boolean *)value = number & 1;
  } else {
    memcpy(value, &number, size_of(field->type));
  }
}

static void random_list(struct om_arena *arena, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                        uint64_t *seed) {
  size_t n = (size_t)test_below(seed, 4), size = size_of(field->type);
  char *list = om_arena_array(arena, n, size);
  for (size_t i = 0; i < n; i++) random_value(arena, field, list + i * size, seed);
  *(size_t *)member(message, field->quantifier_offset) = n;
  *(char **)member(message, field->offset) = list;
}

static void random_field(struct om_arena *arena, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                         uint64_t *seed) {
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
    uint32_t *chosen = member(message, field->quantifier_offset);
    if (*chosen || test_below(seed, 4)) return;
    *chosen = field->id;
  } else if (test_below(seed, 3) == 0) {
    return;
  }
  if (field->label == PROTOBUF_C_LABEL_REPEATED)
    random_list(arena, message, field, seed);
  else
    random_value(arena, field, member(message, field->offset), seed);
}

ProtobufCMessage *canon_random(struct om_arena *arena, const ProtobufCMessageDescriptor *type, uint64_t *seed) {
  ProtobufCMessage *message = om_arena_alloc(arena, type->sizeof_message);
  protobuf_c_message_init(type, message);
  for (unsigned i = 0; i < type->n_fields; i++) random_field(arena, message, &type->fields[i], seed);
  return message;
}
