// From the preamble: `element`, and `element_bits`, as many bits as four of them: two f16 are dropped at once.

// 0 where the values are to be dropped.
fn kept(values: vec4<element>, inside: bool) -> vec4<element> {
  return bitcast<vec4<element>>(select(element_bits(), bitcast<element_bits>(values), inside));
}
