//! What a port must do with publications.

use super::*;

pub async fn publish__new_event_to_all__accepted_by_each(trial: &dyn Trial) -> Outcome {
    let answers = trial.port().publish(&trial.sign(1, &event(300, 1)).json, &[]).await?;
    assert_eq!(answers, trial.urls().map(|url| (url, RelayAnswer::Accepted)));
    Ok(())
}

pub async fn publish__same_event_again__accepted(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let listing = trial.sign(1, &event(300, 1));
    put(trial, &url, &listing).await?;
    put(trial, &url, &listing).await
}

pub async fn publish__refused_kind__the_relays_reason(trial: &dyn Trial) -> Outcome {
    let [a, b, _] = trial.urls();
    let answers = trial.port().publish(&trial.sign(1, &event(REFUSED_KIND, 1)).json, &[a, b]).await?;
    assert_eq!(answers.len(), 2);
    for (_, answer) in answers {
        assert!(
            matches!(&answer, RelayAnswer::Refused(reason) if reason.starts_with("blocked:")),
            "{answer:?}"
        );
    }
    Ok(())
}

pub async fn publish__forged_events__refused_and_not_stored(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let honest = trial.sign(1, &event(301, 1));
    let other = trial.sign(2, &event(301, 2));
    let forged = [
        honest.json.replace("1760000001", "1760000002"),
        honest.json.replace(&honest.author.to_string(), &other.author.to_string()),
        honest.json.replace(r#""content":"{}""#, r#""content":"[]""#),
    ];
    for json in forged {
        assert_ne!(json, honest.json, "the forgery changed nothing");
        let answers = trial.port().publish(&json, std::slice::from_ref(&url)).await?;
        assert!(
            matches!(&answers[..], [(_, RelayAnswer::Refused(r))] if r.starts_with("invalid:")),
            "{answers:?}"
        );
    }
    let (found, complete) = trial.port().fetch(Wanted::default(), &[url]).await?;
    assert_eq!((found, complete), (Vec::new(), 1));
    Ok(())
}

pub async fn publish__no_event_at_all__refused_without_harm(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let honest = trial.sign(1, &event(301, 1));
    let broken = honest.json.replace(r#""kind":301"#, r#""kind":"301""#);
    for json in ["", "null", "[]", "{}", "{\"id\":1}", "\u{0}", "[\"EVENT\"]", &honest.json[..50], &broken] {
        let answers = trial.port().publish(json, std::slice::from_ref(&url)).await?;
        assert!(
            matches!(&answers[..], [(_, RelayAnswer::Refused(r))] if r.starts_with("invalid:")),
            "{answers:?}"
        );
    }
    put(trial, &url, &honest).await
}

pub async fn publish__one_relay_down_one_mute__accepted_by_the_other_at_once(trial: &dyn Trial) -> Outcome {
    let [down, up, _] = trial.urls();
    trial.stop(&down).await;
    let listing = trial.sign(1, &event(300, 1));
    let mut watching = trial.port().subscribe(vec![Wanted::default()], std::slice::from_ref(&up)).await?;
    let relays = [down, trial.mute(), up.clone()];
    let publishing = trial.port().publish(&listing.json, &relays);
    let (answers, ()) = futures::join!(publishing, come(&mut watching, [&listing], &[]));
    let answers = answers?;
    assert_eq!(answers.iter().map(|(url, _)| url.clone()).collect::<Vec<_>>(), relays);
    assert!(is_no_answer(&answers[0].1) && is_no_answer(&answers[1].1), "{answers:?}");
    assert_eq!(answers[2].1, RelayAnswer::Accepted);
    Ok(())
}

pub async fn publish__no_address_among_them__told_in_its_place(trial: &dyn Trial) -> Outcome {
    let [url, ..] = trial.urls();
    let relays = ["file:///etc/passwd".to_owned(), url.clone()];
    let answers = trial.port().publish(&trial.sign(1, &event(300, 1)).json, &relays).await?;
    assert_eq!(answers[0].0, relays[0]);
    assert!(matches!(&answers[0].1, RelayAnswer::NoAnswer(r) if r.contains("scheme")), "{answers:?}");
    assert_eq!(answers[1], (url, RelayAnswer::Accepted));
    Ok(())
}

pub async fn publish__only_bad_addresses__bad_url(trial: &dyn Trial) -> Outcome {
    let listing = trial.sign(1, &event(300, 1));
    for bad in
        ["", "relay.example.com", "https://relay.example.com", "wss://me:secret@relay.example.com", "wss://"]
    {
        let bad = [bad.to_owned()];
        let published = trial.port().publish(&listing.json, &bad).await.map(|_| ());
        let subscribed = trial.port().subscribe(vec![Wanted::default()], &bad).await.map(|_| ());
        let fetched = trial.port().fetch(Wanted::default(), &bad).await.map(|_| ());
        let policy = trial.port().policy(&bad[0]).await.map(|_| ());
        for refused in [published, subscribed, fetched, policy] {
            assert!(matches!(&refused, Err(RelayError::BadUrl { .. })), "{bad:?}: {refused:?}");
            assert!(!format!("{refused:?}").contains("secret"));
        }
    }
    Ok(())
}
