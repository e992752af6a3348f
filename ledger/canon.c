/* The check that bytes are the one canonical encoding of a message, made on the bytes and the schema, without
 * unpacking. */
#include "keys/utf8.h"
#include "ledger/bundle.h"
#include "ledger/statement.h"
#include "proto/bundle.pb-c.h"

enum {
  REPEATED_MAX = 1000, /* the largest count that any field has: lots in an event */
};

/* Fields with another limit than REPEATED_MAX; mostly a smaller one, so that a small message can't unpack into a large
 * one. */
static const struct {
  const ProtobufCMessageDescriptor *type;
  uint32_t field;
  uint32_t max;
} limits[] = {
    {&oremark__statement__descriptor, 5, OM_EVENTS_MAX},
    {&oremark__signed_statement__descriptor, 2, OM_SIGNATURES_MAX},
    {&oremark__material__descriptor, 5, OM_LOT_METALS_MAX},
    {&oremark__material__descriptor, 6, 64},
    {&oremark__loss__descriptor, 2, OM_LOT_METALS_MAX},
    {&oremark__transform__descriptor, 5, 16},
    {&oremark__draw__descriptor, 3, 16},
    {&oremark__bundle_entry__descriptor, 6, OM_BUNDLE_OTHERS_MAX},
};

struct cursor {
  const uint8_t *at, *end;
};

struct scan {
  const ProtobufCMessageDescriptor *type;
  uint32_t last_field;
  uint32_t count;      /* of last_field, if repeated */
  unsigned oneof_case; /* quantifier offset of the oneof already seen; one oneof a message is enough for our schemas */
  bool oneof_seen;
};

static uint32_t limit_of(const ProtobufCMessageDescriptor *type, uint32_t field) {
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    if (limits[i].type == type && limits[i].field == field) return limits[i].max;
  return REPEATED_MAX;
}

static bool bad(struct om_status *st, const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field,
                const char *why) {
  om_fail(st, OM_MALFORMED, "canonical", "field %s of %s: %s", field ? field->name : "(unnamed)", type->short_name,
          why);
  return false;
}

/* A minimal varint of at most 64 bits. */
static bool varint(struct cursor *c, uint64_t *out) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (c->at == c->end) return false;
    uint8_t byte = *c->at++;
    if (shift == 63 && byte > 1) return false;
    value |= (uint64_t)(byte & 0x7F) << shift;
    if (!(byte & 0x80)) {
      *out = value;
      return byte != 0 || shift == 0;
    }
  }
  return false;
}

/* Is VALUE one that an encoder of this type writes? */
static bool in_range(const ProtobufCFieldDescriptor *field, uint64_t value) {
  switch (field->type) {
    case PROTOBUF_C_TYPE_INT32: return value <= INT32_MAX || value >= (uint64_t)INT32_MIN;
    case PROTOBUF_C_TYPE_ENUM:
      return value <= INT32_MAX && protobuf_c_enum_descriptor_get_value(field->descriptor, (int)value);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32: return value <= UINT32_MAX;
    case PROTOBUF_C_TYPE_BOOL: return value <= 1;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64: return true;
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return false;
  }
  return false;
}

static unsigned wire_type(ProtobufCType type) {
  switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return 5;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 1;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return 2;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM: return 0;
  }
  return 7;
}

/* One number, varint or fixed; *ZERO whether it is the type's default. */
static bool number(struct cursor *c, const ProtobufCFieldDescriptor *field, unsigned wire, bool *zero) {
  if (wire == 0) {
    uint64_t value;
    if (!varint(c, &value) || !in_range(field, value)) return false;
    *zero = value == 0;
    return true;
  }
  size_t size = wire == 5 ? 4 : 8;
  if ((size_t)(c->end - c->at) < size) return false;
  *zero = true;
  for (size_t i = 0; i < size; i++) *zero = *zero && c->at[i] == 0;
  c->at += size;
  return true;
}

static bool packed(struct scan *s, struct cursor body, const ProtobufCFieldDescriptor *field, struct om_status *st) {
  uint32_t max = limit_of(s->type, field->id);
  if (body.at == body.end) return bad(st, s->type, field, "an empty list is written out");
  for (uint32_t n = 0; body.at != body.end; n++) {
    bool zero;
    if (n == max) return bad(st, s->type, field, "too many values");
    if (!number(&body, field, wire_type(field->type), &zero))
      return bad(st, s->type, field, "not a minimal number in range");
  }
  return true;
}

/* Order, repetition and oneofs. */
static bool admit(struct scan *s, const ProtobufCFieldDescriptor *field, struct om_status *st) {
  bool again = field->id == s->last_field;
  bool many = field->label == PROTOBUF_C_LABEL_REPEATED && !(field->flags & PROTOBUF_C_FIELD_FLAG_PACKED);
  if (field->id < s->last_field) return bad(st, s->type, field, "fields are not in ascending order");
  if (again && !many) return bad(st, s->type, field, "stands twice");
  s->count = again ? s->count + 1 : 1;
  if (many && s->count > limit_of(s->type, field->id)) return bad(st, s->type, field, "too many of them");
  if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
    if (s->oneof_seen && s->oneof_case == field->quantifier_offset)
      return bad(st, s->type, field, "a second choice of a oneof");
    s->oneof_seen = true;
    s->oneof_case = field->quantifier_offset;
  }
  s->last_field = field->id;
  return true;
}

static bool field_body(struct scan *s, struct cursor *c, const ProtobufCFieldDescriptor *field, struct om_status *st) {
  bool implicit = field->label == PROTOBUF_C_LABEL_NONE && !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
  bool is_packed = field->label == PROTOBUF_C_LABEL_REPEATED && (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED);
  unsigned wire = wire_type(field->type);
  if (wire != 2 && !is_packed) {
    bool zero;
    if (!number(c, field, wire, &zero)) return bad(st, s->type, field, "not a minimal number in range");
    return !(implicit && zero) || bad(st, s->type, field, "a default is written out");
  }
  uint64_t len;
  if (!varint(c, &len) || len > (uint64_t)(c->end - c->at)) return bad(st, s->type, field, "is cut off");
  struct cursor body = {c->at, c->at + len};
  c->at = body.end;
  if (is_packed) return packed(s, body, field, st);
  if (implicit && len == 0 && field->type != PROTOBUF_C_TYPE_MESSAGE)
    return bad(st, s->type, field, "a default is written out");
  if (field->type == PROTOBUF_C_TYPE_STRING && !om_text_ok((const char *)body.at, (size_t)len))
    return bad(st, s->type, field, "not UTF-8 text without control characters");
  if (field->type == PROTOBUF_C_TYPE_MESSAGE) return om_canonical(field->descriptor, body.at, (size_t)len, st);
  return true;
}

bool om_canonical(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len, struct om_status *st) {
  struct scan s = {.type = type};
  struct cursor c = {bytes, len == 0 ? bytes : bytes + len}; /* what is empty may stand nowhere: NULL */
  while (c.at != c.end) {
    uint64_t tag;
    if (!varint(&c, &tag) || tag >> 3 == 0 || tag > UINT32_MAX) return bad(st, type, NULL, "not a field");
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
    if (!field) {
      om_fail(st, OM_MALFORMED, "canonical", "%s has no field %u in this version", type->short_name,
              (unsigned)(tag >> 3));
      return false;
    }
    bool is_packed = field->label == PROTOBUF_C_LABEL_REPEATED && (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED);
    if ((tag & 7) != (is_packed ? 2 : wire_type(field->type))) return bad(st, type, field, "has another type");
    if (!admit(&s, field, st) || !field_body(&s, &c, field, st)) return false;
  }
  return true;
}
