//! What a port must do with questions: stored events, policies, its own state.

use super::*;

pub async fn fetch__each_condition__only_what_matches(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let me = trial.sign(9, &event(300, 0)).author;
    let listing = trial.sign(1, &event(300, 1));
    let bid = trial.sign(2, &tagged(event(301, 2), "e", listing.id));
    let wrap = trial.sign(3, &tagged(event(1059, 3), "p", me));
    for event in [&listing, &bid, &wrap] {
        put(trial, &url, event).await?;
    }
    let none = Wanted::default;
    let questions = [
        (none(), set([&listing, &bid, &wrap])),
        (Wanted { ids: vec![listing.id, wrap.id], ..none() }, set([&listing, &wrap])),
        (Wanted { ids: vec![EventId::from_bytes([7; 32])], ..none() }, set([])),
        (Wanted { kinds: vec![301, 303], ..none() }, set([&bid])),
        (Wanted { authors: vec![wrap.author], ..none() }, set([&wrap])),
        (Wanted { refers_to: vec![listing.id], ..none() }, set([&bid])),
        (Wanted { addressed_to: vec![me], ..none() }, set([&wrap])),
        (Wanted { since: Some(Unix(1_760_000_002)), ..none() }, set([&bid, &wrap])),
        (Wanted { kinds: vec![300], authors: vec![bid.author], ..none() }, set([])),
    ];
    for (wanted, expected) in questions {
        let (found, complete) = trial.port().fetch(wanted.clone(), std::slice::from_ref(&url)).await?;
        assert_eq!((ids(&found).into_iter().collect(), complete), (expected, 1), "{wanted:?}");
        assert!(found.iter().all(|delivered| delivered.relay == url));
    }
    Ok(())
}

pub async fn fetch__limit__newest_first(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let events: Vec<Signed> = (1..=5).map(|n| trial.sign(1, &event(300, n))).collect();
    for number in [2, 0, 4, 1, 3] {
        put(trial, &url, &events[number]).await?;
    }
    let wanted = Wanted { limit: Some(3), ..Wanted::default() };
    let (found, _) = trial.port().fetch(wanted, std::slice::from_ref(&url)).await?;
    assert_eq!(ids(&found), [events[4].id, events[3].id, events[2].id]);
    Ok(())
}

pub async fn fetch__more_than_relays_give_at_once__everything(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let events: Vec<Signed> =
        (0..620).map(|n| trial.sign(1, &event(300, n / 2 * 2 + 7_000 * (n % 2)))).collect();
    let relays = [url];
    let published =
        futures::future::join_all(events.iter().map(|e| trial.port().publish(&e.json, &relays))).await;
    for answers in published {
        assert_eq!(answers?[0].1, RelayAnswer::Accepted);
    }
    let (found, complete) = trial.port().fetch(Wanted::default(), &relays).await?;
    assert_eq!((ids(&found).into_iter().collect::<BTreeSet<_>>(), complete), (set(&events), 1));
    let mut stream = trial.port().subscribe(vec![Wanted::default()], &relays).await?;
    come(&mut stream, &events, &[]).await;
    Ok(())
}

pub async fn fetch__relay_down__not_counted(trial: &dyn Trial) -> Outcome {
    let [a, b, _] = trial.urls();
    let listing = trial.sign(1, &event(300, 1));
    put(trial, &a, &listing).await?;
    trial.stop(&b).await;
    let (found, complete) = trial.port().fetch(Wanted::default(), &[]).await?;
    assert_eq!((ids(&found), complete), (vec![listing.id], 2));
    trial.start(&b).await;
    Ok(())
}

pub async fn fetch__one_relay_in_several_spellings__counted_once(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let listing = trial.sign(1, &event(300, 1));
    put(trial, &url, &listing).await?;
    let spellings = [url.clone(), format!("{url}/"), url.to_uppercase(), url.clone()];
    let (found, complete) = trial.port().fetch(Wanted::default(), &spellings).await?;
    assert_eq!((ids(&found), complete), (vec![listing.id], 1));
    Ok(())
}

pub async fn fetch__all_down__none_answered(trial: &dyn Trial) -> Outcome {
    let urls = trial.urls();
    for url in &urls {
        trial.stop(url).await;
    }
    let fetched = trial.port().fetch(Wanted::default(), &[]).await;
    assert!(matches!(&fetched, Err(RelayError::NoneAnswered(why)) if why.contains(&urls[2])), "{fetched:?}");
    let answers = trial.port().publish(&trial.sign(1, &event(300, 1)).json, &[]).await?;
    assert!(answers.len() == 3 && answers.iter().all(|(_, answer)| is_no_answer(answer)), "{answers:?}");
    Ok(())
}

pub async fn fetch__text_beyond_ascii__unharmed(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let content = "{\"message\":\"\\u00fc \\\"quoted\\\" \u{fc} \u{1f4a1} \u{7f} \\\\\"}";
    let sent = trial.sign(1, &Unsigned { content: content.into(), ..event(320, 1) });
    put(trial, &url, &sent).await?;
    let (found, _) = trial
        .port()
        .fetch(Wanted { ids: vec![sent.id], ..Wanted::default() }, std::slice::from_ref(&url))
        .await?;
    assert_eq!(ids(&found), [sent.id]);
    // What came back is a whole event that every relay takes: its id and signature still fit.
    let [_, other, _] = trial.urls();
    put(trial, &other, &Signed { json: found[0].json.clone(), ..sent }).await
}

pub async fn policy__none_announced__empty(trial: &dyn Trial) -> Outcome {
    assert_eq!(trial.port().policy(&trial.urls()[0]).await?, Policy::default());
    Ok(())
}

pub async fn policy__relay_down__none_answered(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    trial.stop(&url).await;
    let policy = trial.port().policy(&url).await;
    assert!(matches!(&policy, Err(RelayError::NoneAnswered(_))), "{policy:?}");
    Ok(())
}

pub async fn status__relay_stopped__says_so(trial: &dyn Trial) -> Outcome {
    let urls = trial.urls();
    until_status(trial, [true, true, true]).await?;
    trial.stop(&urls[1]).await;
    until_status(trial, [true, false, true]).await?;
    let status = trial.port().status().await;
    assert_eq!(status.iter().map(|s| s.url.clone()).collect::<Vec<_>>(), urls);
    assert!(status[1].last_error.is_some());
    trial.start(&urls[1]).await;
    until_status(trial, [true, true, true]).await
}

async fn until_status(trial: &dyn Trial, expected: [bool; 3]) -> Outcome {
    let looking = async {
        while trial.port().status().await.iter().map(|s| s.connected).collect::<Vec<_>>() != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let late = |_| RelayError::NoneAnswered(format!("the status never became {expected:?}"));
    tokio::time::timeout(BOUND, looking).await.map_err(late)
}
