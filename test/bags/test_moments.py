"""Which messages of the last seconds are held, and which an enrolment keeps."""

from omnibind_ros.bags.moments import LastSeconds, Message
from omnibind_ros.bags.teach import TeachFilter

S = 1_000_000_000


def message(topic, seconds, size=10):
    return Message(topic, round(seconds * S), bytes(size))


def times(messages):
    return [(each.topic, each.time / S) for each in messages]


def test_messages_older_than_the_length_are_dropped():
    held = LastSeconds(2.0, 1000)
    for second in range(6):
        held.add(message("/a", second))
    assert times(held.take(0).messages) == [("/a", 3.0), ("/a", 4.0), ("/a", 5.0)]
    assert held.bytes == 0


def test_the_largest_topic_is_shortened_first_and_what_is_lost_is_told():
    held = LastSeconds(60.0, 1000)
    held.add(message("/sound", 0.5))
    for second in range(10):
        held.add(message("/camera", second, 300))
    assert held.bytes <= 1000
    taken = held.take(round(0.25 * S))
    assert times(taken.messages) == [
        ("/sound", 0.5),
        ("/camera", 7.0),
        ("/camera", 8.0),
        ("/camera", 9.0),
    ]
    assert taken.lost == {"/camera": 5.75}
    assert held.take(0).messages == []


def test_the_newest_message_of_a_publisher_that_keeps_it_stays():
    held = LastSeconds(2.0, 1000)
    held.keep_newest("/info")
    held.add(message("/info", 0))
    held.add(message("/info", 1))
    for second in range(100):
        held.add(message("/a", second))
    assert times(held.take(98 * S).messages) == [("/info", 1.0), ("/a", 98.0), ("/a", 99.0)]


def test_an_enrolment_is_kept_from_its_beginning_to_a_second_after_its_end_and_once():
    kept = []
    teach = TeachFilter(kept.extend, 10_000, always={"/taught"})
    for tenth in range(100):
        teach.add(message("/a", tenth / 10))
    teach.add(message("/taught", 9.95))
    moment = teach.enrolled(5 * S, 9 * S, round(9.95 * S))
    assert (moment.seconds, moment.messages, moment.problems) == (4.0, 50, ())
    for tenth in range(100, 200):
        teach.add(message("/a", tenth / 10))
    again = teach.enrolled(round(10.5 * S), 11 * S, 20 * S)
    assert again.messages == 90
    found = [each.time / S for each in kept if each.topic == "/a"]
    assert found == [tenth / 10 for tenth in range(50, 200)]
    assert times(kept)[0] == ("/taught", 9.95)


def test_missing_memory_is_told_and_the_beginning_of_the_recording_is_kept():
    kept = []
    teach = TeachFilter(kept.extend, 1000)
    teach.keep_beginning("/pad", 0)
    for tenth in range(100):
        teach.add(message("/pad", tenth / 10, 100))
    assert [each.time / S for each in kept] == [tenth / 10 for tenth in range(31)]
    moment = teach.enrolled(4 * S, 9 * S, 10 * S)
    assert moment.problems == (
        "the first 4.9 s of /pad were no longer in memory; give more with --memory",
    )
