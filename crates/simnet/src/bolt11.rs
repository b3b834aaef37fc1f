//! What a node reads in an invoice before it pays or shows it.

use crate::{node::NodeIndex, world::World};
use domp_ports::lightning::{DecodedInvoice, LnError};
use domp_protocol::{
    ids::{NodeId, PaymentHash},
    network::Network,
    units::{Blocks, Msat, Unix},
};
use lightning_invoice::{Bolt11Invoice, Currency};

/// What paying needs to know of an invoice.
#[derive(Clone, Debug)]
pub(crate) struct Bill {
    pub hash: PaymentHash,
    pub amount: Option<Msat>,
    pub payee: NodeId,
    pub cltv: Blocks,
    pub timestamp: Unix,
    pub expiry_seconds: u64,
    pub secret: [u8; 32],
    pub splits: bool,
}

impl Bill {
    pub(crate) const fn expires(&self) -> Unix {
        self.timestamp.plus(self.expiry_seconds)
    }
}

impl World {
    /// Reads an invoice with the node's own decoder.
    pub fn decode(&self, _node: NodeIndex, bolt11: &str) -> Result<DecodedInvoice, LnError> {
        let bill = read(bolt11, self.network)?;
        Ok(DecodedInvoice {
            hash: bill.hash,
            amount: bill.amount,
            payee: bill.payee,
            cltv: bill.cltv,
            expiry_seconds: bill.expiry_seconds,
            timestamp: bill.timestamp,
        })
    }

    /// The same for paying. An invoice that was issued in this world, letter for letter, need not be parsed again.
    pub(crate) fn bill(&self, bolt11: &str, hash: &PaymentHash) -> Result<Bill, LnError> {
        let issuer = self.issuers.get(hash).map(|issuer| &self.nodes[issuer.0]);
        let issued = issuer.and_then(|node| node.invoices.get(hash).map(|invoice| (node.id, invoice)));
        if let Some((payee, invoice)) = issued.filter(|(_, invoice)| invoice.bolt11 == bolt11) {
            return Ok(Bill {
                hash: *hash,
                amount: Some(invoice.terms.amount),
                payee,
                cltv: invoice.terms.cltv,
                timestamp: invoice.created,
                expiry_seconds: u64::from(invoice.terms.expiry_seconds),
                secret: invoice.secret,
                splits: true,
            });
        }
        read(bolt11, self.network)
    }
}

fn read(bolt11: &str, network: Network) -> Result<Bill, LnError> {
    let refused = |reason: String| LnError::Refused(format!("not an invoice this node can read: {reason}"));
    let invoice: Bolt11Invoice = bolt11
        .parse()
        .map_err(|error: lightning_invoice::ParseOrSemanticError| refused(error.to_string()))?;
    let currency = match network {
        Network::Mainnet => Currency::Bitcoin,
        Network::Testnet => Currency::BitcoinTestnet,
        Network::Signet => Currency::Signet,
        Network::Regtest => Currency::Regtest,
    };
    if invoice.currency() != currency {
        return Err(refused(format!("it is not for {network}")));
    }
    let amount = invoice.amount_milli_satoshis().map(Msat::new).transpose();
    let cltv = u32::try_from(invoice.min_final_cltv_expiry_delta());
    Ok(Bill {
        hash: hash(&invoice),
        amount: amount.map_err(|error| refused(error.to_string()))?,
        payee: NodeId::from_bytes(invoice.recover_payee_pub_key().serialize()),
        cltv: Blocks(cltv.map_err(|error| refused(error.to_string()))?),
        timestamp: Unix(invoice.duration_since_epoch().as_secs()),
        expiry_seconds: invoice.expiry_time().as_secs(),
        secret: invoice.payment_secret().0,
        splits: invoice.features().is_some_and(|features| features.supports_basic_mpp()),
    })
}

fn hash(invoice: &Bolt11Invoice) -> PaymentHash {
    let hash: &[u8] = invoice.payment_hash().as_ref();
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash);
    PaymentHash::from_bytes(bytes)
}
