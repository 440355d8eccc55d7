Feature: Operator

  Scenario: How the suite is doing
    Given operator is logged in
    Then every service is shown as healthy, with its requests

  Scenario: A service that hangs
    Given operator is logged in
    When orders hangs
    Then the dashboard says that nothing is heard of orders
    And it is healthy again when it goes on

  Scenario: A user's stream is ended
    Given operator is logged in
    When operator looks at the streams of "grace"
    Then there is none
    When the user looks at the dashboard elsewhere
    Then the stream appears
    When operator ends it by keyboard
    Then the page elsewhere has said "Offline", and is live with all that has happened

  Scenario: A user's stream is drained
    Given operator is logged in
    When operator looks at the streams of "grace"
    Then there is none
    When the user looks at the dashboard elsewhere
    Then the stream appears
    When operator drains it
    Then the page elsewhere has said "Catching up", and is live with all that has happened

  Scenario: The events of a topic
    Given operator is logged in
    And an order of "grace" is placed
    When operator looks at the topics that begin with "orders/user/"
    And operator watches "orders/user/grace" from offset 1 by keyboard
    Then the topic is live, and has its event
    When operator pauses
    And an order of "grace" is placed
    Then its event waits until operator goes on
    And operator reads the event, and copies how curl goes on after it

  Scenario: A topic that does not exist
    Given operator is logged in
    When operator opens the address of a topic that does not exist
    Then operator is told that it is not found

  Scenario: Not for users
    Given user is logged in
    Then there is nothing of the suite for user
    And there is nothing of the streams for user
    And there is nothing of the topics for user

  Scenario: Accessible for operators
    Given operator is logged in
    Then the operator's pages have no problem for axe, light or dark, at 320 pixels
