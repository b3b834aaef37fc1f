//! The daemon itself: health, backup, rebuilding from the relays.

use super::{Shared, refusal::Refusal};
use crate::wire::{
    error::ErrorAnswer,
    status::{Health, Rebuilt},
};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domp_vault::backup::write_backup;
use futures::stream;
use std::{
    fs::File,
    io::{self, Read, Seek},
    sync::Arc,
};

/// Bytes sent at a time.
const PIECE: usize = 64 * 1024;

/// How the daemon, the node and the relays are.
#[utoipa::path(get, path = "/v1/health", tag = "daemon", responses((status = 200, body = Health)))]
pub async fn health(State(desk): State<Shared>) -> Json<Health> {
    Json(Health::of(&desk.engine.health().await, &desk.identity))
}

/// A backup of everything that trades need, encrypted with a key that derives from the recovery phrase.
#[utoipa::path(post, path = "/v1/backup", tag = "daemon",
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 503, body = ErrorAnswer)))]
pub async fn backup(State(desk): State<Shared>) -> Result<Response, Refusal> {
    let failed = |error: String| {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "backup_failed",
            format!("the backup could not be made: {error}"),
        )
    };
    let folder = tempfile::tempdir_in(&desk.workspace).map_err(|error| failed(error.to_string()))?;
    let copy = folder.path().join("snapshot.db");
    desk.engine.ports().journal.snapshot_to(&copy).await?;
    let vault = Arc::clone(&desk.vault);
    let sealed = tokio::task::spawn_blocking(move || {
        let mut content = File::open(&copy).map_err(|error| error.to_string())?;
        let length = content.metadata().map_err(|error| error.to_string())?.len();
        let mut sealed = tempfile::tempfile_in(folder.path()).map_err(|error| error.to_string())?;
        write_backup(&mut content, length, &vault, &mut sealed).map_err(|error| error.to_string())?;
        sealed.rewind().map_err(|error| error.to_string())?;
        Ok::<File, String>(sealed)
    });
    let sealed = sealed.await.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
    let length = sealed.metadata().map_err(|error| failed(error.to_string()))?.len();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    Ok((headers, Body::from_stream(pieces(sealed))).into_response())
}

fn pieces(file: File) -> impl futures::Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
    stream::try_unfold(file, |mut file| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE);
            file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
            Ok::<_, io::Error>((piece, file))
        });
        let (piece, file) = read.await.map_err(io::Error::other)??;
        Ok(if piece.is_empty() { None } else { Some((piece, file)) })
    })
}

/// Rebuilds open trades from the recovery phrase and the relays. Trades that are here already are left alone.
#[utoipa::path(post, path = "/v1/rebuild", tag = "daemon", responses((status = 200, body = Rebuilt), (status = 503, body = ErrorAnswer)))]
pub async fn rebuild(State(desk): State<Shared>) -> Result<Json<Rebuilt>, Refusal> {
    Ok(Json(desk.engine.rebuild_from_relays().await?.into()))
}
