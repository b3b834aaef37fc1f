//! What a port must do with subscriptions.

use super::*;

pub async fn subscribe__stored_and_new__both_come(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let (old, new) = (trial.sign(1, &event(300, 1)), trial.sign(2, &event(301, 2)));
    put(trial, &url, &old).await?;
    let mut stream = trial.port().subscribe(vec![Wanted::default()], std::slice::from_ref(&url)).await?;
    come(&mut stream, [&old], &[]).await;
    put(trial, &url, &new).await?;
    come(&mut stream, [&new], &[old]).await;
    Ok(())
}

pub async fn subscribe__conditions__only_what_matches(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let listing = trial.sign(1, &event(300, 1));
    let bid = trial.sign(2, &tagged(event(301, 2), "e", listing.id));
    let wanted = Wanted {
        kinds: vec![301],
        authors: vec![bid.author],
        refers_to: vec![listing.id],
        since: Some(Unix(1_760_000_002)),
        ..Wanted::default()
    };
    let near = [
        listing.clone(),
        trial.sign(2, &tagged(event(303, 3), "e", listing.id)),
        trial.sign(1, &tagged(event(301, 4), "e", listing.id)),
        trial.sign(2, &tagged(event(301, 5), "ref", listing.id)),
        trial.sign(2, &tagged(event(301, 1), "e", listing.id)),
    ];
    for event in &near[..3] {
        put(trial, &url, event).await?;
    }
    let mut stream = trial.port().subscribe(vec![wanted], std::slice::from_ref(&url)).await?;
    for event in &near[3..] {
        put(trial, &url, event).await?;
    }
    put(trial, &url, &bid).await?;
    come(&mut stream, [&bid], &[]).await;
    Ok(())
}

pub async fn subscribe__several_wishes__any_of_them(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let wrap = trial.sign(1, &tagged(event(1059, 1), "p", trial.sign(9, &event(300, 0)).author));
    let listing = trial.sign(2, &event(300, 2));
    let neither = trial.sign(2, &event(303, 3));
    let me = trial.sign(9, &event(300, 0)).author;
    let wanted = vec![
        Wanted { addressed_to: vec![me], ..Wanted::default() },
        Wanted { kinds: vec![300], ..Wanted::default() },
    ];
    put(trial, &url, &wrap).await?;
    put(trial, &url, &neither).await?;
    let mut stream = trial.port().subscribe(wanted, std::slice::from_ref(&url)).await?;
    put(trial, &url, &listing).await?;
    come(&mut stream, [&wrap, &listing], &[]).await;
    Ok(())
}

pub async fn subscribe__newest_first_up_to_limit__then_new_ones(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let events: Vec<Signed> = (1..=4).map(|n| trial.sign(1, &event(300, n))).collect();
    for event in &events[..3] {
        put(trial, &url, event).await?;
    }
    let wanted = Wanted { limit: Some(2), ..Wanted::default() };
    let mut stream = trial.port().subscribe(vec![wanted], std::slice::from_ref(&url)).await?;
    come(&mut stream, &events[1..3], &[]).await;
    put(trial, &url, &events[3]).await?;
    come(&mut stream, &events[3..], &events[1..3]).await;
    Ok(())
}

pub async fn subscribe__nothing_wanted__nothing_and_no_end(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let mut stream = trial.port().subscribe(Vec::new(), &[]).await?;
    put(trial, &url, &trial.sign(1, &event(300, 1))).await?;
    let delivered = tokio::time::timeout(Duration::from_millis(50), stream.next()).await;
    assert!(delivered.is_err(), "{delivered:?}");
    Ok(())
}

pub async fn subscribe__relay_restarts__gap_delivered(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let before = trial.sign(1, &event(300, 1));
    let mut stream = trial.port().subscribe(vec![Wanted::default()], std::slice::from_ref(&url)).await?;
    put(trial, &url, &before).await?;
    come(&mut stream, [&before], &[]).await;
    let mut so_far = vec![before];
    for number in 2..4 {
        trial.stop(&url).await;
        let missed = trial.sign(1, &event(300, number));
        let answers = trial.port().publish(&missed.json, std::slice::from_ref(&url)).await?;
        assert!(is_no_answer(&answers[0].1), "{answers:?}");
        trial.start(&url).await;
        until_accepted(trial, &url, &missed).await?;
        come(&mut stream, [&missed], &so_far).await;
        so_far.push(missed);
    }
    Ok(())
}

pub async fn subscribe__relay_down_at_first__delivered_once_it_is_up(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let stored = trial.sign(1, &event(300, 1));
    put(trial, &url, &stored).await?;
    trial.stop(&url).await;
    let mut stream = trial.port().subscribe(vec![Wanted::default()], std::slice::from_ref(&url)).await?;
    trial.start(&url).await;
    come(&mut stream, [&stored], &[]).await;
    Ok(())
}

pub async fn subscribe__several_relays__told_which(trial: &dyn Trial) -> Outcome {
    let [a, b, c] = trial.urls();
    let listing = trial.sign(1, &event(300, 1));
    let mut stream = trial.port().subscribe(vec![Wanted::default()], &[]).await?;
    trial.port().publish(&listing.json, &[a.clone(), c.clone()]).await?;
    let mut from = BTreeSet::new();
    while from.len() < 2 {
        from.insert(next(&mut stream).await.relay);
    }
    assert_eq!(from, BTreeSet::from([a, c]));
    assert!(!from.contains(&b));
    Ok(())
}

pub async fn subscribe__stream_dropped__port_goes_on(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let (first, second) = (trial.sign(1, &event(300, 1)), trial.sign(1, &event(300, 2)));
    for _ in 0..3 {
        let mut stream = trial.port().subscribe(vec![Wanted::default()], &[]).await?;
        put(trial, &url, &first).await?;
        come(&mut stream, [&first], &[]).await;
    }
    put(trial, &url, &second).await
}

async fn until_accepted(trial: &dyn Trial, url: &str, event: &Signed) -> Outcome {
    let trying = async {
        loop {
            let answers = trial.port().publish(&event.json, &[url.to_owned()]).await?;
            if answers == [(url.to_owned(), RelayAnswer::Accepted)] {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let late = |_| RelayError::NoneAnswered("the relay was started again and accepts nothing".into());
    tokio::time::timeout(BOUND, trying).await.map_err(late)?
}
