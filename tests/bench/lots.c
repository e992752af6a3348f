#include "lots.h"

void set_material(struct material *m, uint64_t copper_mg) {
  static char name[] = "copper concentrate";
  m->metal = (Oremark__Metal)OREMARK__METAL__INIT;
  m->metal.element = 29;
  m->metal.contained_mg = copper_mg;
  m->metals[0] = &m->metal;
  m->material = (Oremark__Material)OREMARK__MATERIAL__INIT;
  m->material.form = OREMARK__FORM__FORM_CONCENTRATE;
  m->material.name = name;
  m->material.gross_mg = 4 * copper_mg;
  m->material.n_metals = 1;
  m->material.metals = m->metals;
  m->list[0] = &m->material;
}

void refer(Oremark__LotRef *ref, struct lot *lot) {
  *ref = (Oremark__LotRef)OREMARK__LOT_REF__INIT;
  ref->number = (ProtobufCBinaryData){sizeof lot->number, lot->number};
  ref->last_event = (ProtobufCBinaryData){sizeof lot->last.bytes, lot->last.bytes};
}
