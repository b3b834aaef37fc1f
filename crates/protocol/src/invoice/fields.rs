//! The tagged fields of an invoice: each at most once, none of a length that makes readers skip it.
//!
//! BOLT11 lets a reader choose when a field stands twice, and nodes choose differently: the amount of time or the hold that
//! we checked need not be the one that is paid. So a second one is refused, even where both say the same.

use super::{Field, InvoiceError};
use lightning_invoice::{
    RawBolt11Invoice, RawTaggedField, RouteHint, TaggedField,
    constants::{
        TAG_DESCRIPTION, TAG_DESCRIPTION_HASH, TAG_EXPIRY_TIME, TAG_FEATURES,
        TAG_MIN_FINAL_CLTV_EXPIRY_DELTA, TAG_PAYEE_PUB_KEY, TAG_PAYMENT_HASH, TAG_PAYMENT_METADATA,
        TAG_PAYMENT_SECRET,
    },
};

/// The fields that may stand once. Route hints and fallback addresses may be several.
const SINGLE: [(u8, Field); 9] = [
    (TAG_PAYMENT_HASH, Field::PaymentHash),
    (TAG_PAYMENT_SECRET, Field::PaymentSecret),
    (TAG_DESCRIPTION, Field::Description),
    (TAG_DESCRIPTION_HASH, Field::DescriptionHash),
    (TAG_PAYEE_PUB_KEY, Field::Payee),
    (TAG_EXPIRY_TIME, Field::Expiry),
    (TAG_MIN_FINAL_CLTV_EXPIRY_DELTA, Field::Cltv),
    (TAG_FEATURES, Field::Features),
    (TAG_PAYMENT_METADATA, Field::Metadata),
];

/// The fields that the rules look at.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub hash: Option<[u8; 32]>,
    pub description: Option<&'a str>,
    pub description_hash: Option<[u8; 32]>,
    pub payee: Option<[u8; 33]>,
    pub expiry: Option<u64>,
    pub cltv: Option<u64>,
    /// Feature bits, the least significant byte first.
    pub features: Option<&'a [u8]>,
    pub hints: Vec<&'a RouteHint>,
    pub fallbacks: usize,
    has_secret: bool,
    has_metadata: bool,
}

impl<'a> Fields<'a> {
    fn take(&mut self, field: &'a TaggedField) {
        match field {
            TaggedField::PaymentHash(hash) => self.hash = Some(*hash.0.as_ref()),
            TaggedField::Description(text) => self.description = Some(text.as_inner().0.as_str()),
            TaggedField::PayeePubKey(key) => self.payee = Some(key.0.serialize()),
            TaggedField::DescriptionHash(hash) => self.description_hash = Some(*hash.0.as_ref()),
            TaggedField::ExpiryTime(time) => self.expiry = Some(time.as_seconds()),
            TaggedField::MinFinalCltvExpiryDelta(delta) => self.cltv = Some(delta.0),
            TaggedField::Fallback(_) => self.fallbacks += 1,
            TaggedField::PrivateRoute(route) => self.hints.push(route),
            TaggedField::PaymentSecret(_) => self.has_secret = true,
            TaggedField::PaymentMetadata(_) => self.has_metadata = true,
            TaggedField::Features(features) => self.features = Some(features.le_flags()),
        }
    }

    const fn has(&self, field: Field) -> bool {
        match field {
            Field::PaymentHash => self.hash.is_some(),
            Field::PaymentSecret => self.has_secret,
            Field::Description => self.description.is_some(),
            Field::DescriptionHash => self.description_hash.is_some(),
            Field::Payee => self.payee.is_some(),
            Field::Expiry => self.expiry.is_some(),
            Field::Cltv => self.cltv.is_some(),
            Field::Features => self.features.is_some(),
            Field::Metadata => self.has_metadata,
        }
    }
}

/// Collects the fields; refuses doubled ones and those of a wrong length, and an invoice without hash, secret,
/// features or description.
pub(super) fn walk(invoice: &RawBolt11Invoice) -> Result<Fields<'_>, InvoiceError> {
    let mut fields = Fields::default();
    let mut counts = [0usize; 32];
    for raw in &invoice.data.tagged_fields {
        let tag = match raw {
            RawTaggedField::KnownSemantics(field) => {
                fields.take(field);
                field.tag().to_u8()
            }
            // At least three characters long: the decoder has split it by its length.
            RawTaggedField::UnknownSemantics(symbols) => symbols.first().map_or(0, |tag| tag.to_u8()),
        };
        counts[usize::from(tag & 31)] += 1;
    }
    for (tag, field) in SINGLE {
        let times = counts[usize::from(tag)];
        if times > 1 {
            return Err(InvoiceError::Doubled { field, times });
        }
        if times == 1 && !fields.has(field) {
            return Err(InvoiceError::FieldLength { field });
        }
    }
    for field in [Field::PaymentHash, Field::PaymentSecret, Field::Features] {
        if !fields.has(field) {
            return Err(InvoiceError::Missing { field });
        }
    }
    match (fields.description, fields.description_hash) {
        (None, None) => Err(InvoiceError::Missing { field: Field::Description }),
        (Some(_), Some(_)) => Err(InvoiceError::TwoDescriptions),
        _ => Ok(fields),
    }
}
