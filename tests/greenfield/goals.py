"""Goals of new products, as people with an idea and no repository write them."""

GOALS = {
    "mission-dash": (
        "Build a dashboard that accepts a software goal, turns it into a plan, runs specialist "
        "agents on the tasks under approvals and cost caps, and keeps a replayable log of "
        "everything that happened. Greenfield; avoid mock demos; local persistence; a person must"
        " be able to stop everything at once."
    ),
    "cockpit": (
        "A product analytics cockpit for an onboarding flow: capture events from our web app, "
        "show the funnel of the five onboarding steps by week and country, find where new users "
        "drop off, and alert us when a step loses more than 10 % against the week before. Must "
        "answer within a second for 5 million events."
    ),
    "tab-keeper": (
        "A browser extension that closes tabs nobody has looked at for two weeks, keeps them "
        "searchable with a copy of the text, and brings them back with one click. Nothing may "
        "leave the computer."
    ),
    "retry-lib": (
        "A small Go library that retries failing calls with exponential back-off, jitter and a "
        "budget, works with contexts, and never retries what is not idempotent unless told so. No"
        " dependencies."
    ),
    "food-bank": (
        "A food bank with 12 depots needs to know what is where and what expires soon. Volunteers"
        " scan deliveries with their phones, drivers see their route, and social workers reserve "
        "parcels for families without writing down names. It has to work in a cellar without "
        "reception."
    ),
    "choir": (
        "Our choir of 60 singers wants one place for rehearsals, who comes, sheet music by voice "
        "part and recordings to practise with. The conductor must see a week ahead whether a "
        "voice part is too thin. Simple enough for people over 70. TypeScript please."
    ),
    "river": (
        "Every 10 minutes read water levels of 40 gauges from three agencies with different "
        "formats, detect rising floods two hours ahead, and warn the fire brigade by SMS. Bad "
        "sensors must not raise alarms. Keep everything for ten years."
    ),
    "invoice-cli": (
        "A command line tool for freelancers in Rust that keeps customers, hours and invoices in "
        "plain text files under git, writes PDF invoices with gapless numbers, and tells at the "
        "end of the year what was earned per customer."
    ),
    "chess-club": (
        "A real-time chess site for our club: members challenge each other, play with clocks over"
        " bad mobile connections, spectators watch live, and a rating is computed after each "
        "game. Cheating with engines should be noticed. Elixir and Phoenix."
    ),
    "lab": (
        "Track samples of a water laboratory from arrival to report: barcode labels, who has it, "
        "which method, results with limits and a second person who signs. Auditors ask for the "
        "history of any value. ISO 17025. Java and Oracle are given."
    ),
    "recipes": (
        "A mobile app that looks at what is in the fridge by photo, proposes three dishes that "
        "use what goes bad first, and learns what the family does not like. Offline in the shop. "
        "Flutter."
    ),
    "bot": (
        "A Slack bot for our support team which answers questions from our handbook with sources,"
        " hands over to a person when unsure, and learns from corrections. 2,000 documents, "
        "answers within 5 seconds, no data may go to the outside."
    ),
}
