Feature: Outages

  Scenario: A gateway replaced under the page
    Given user is logged in
    When the gateway is replaced while 200 events a second arrive
    Then the page has said "Catching up" meanwhile, and is live
    And it shows every order once

  Scenario: Redis stopped for 20 s
    Given user is logged in
    When Redis is stopped for 20 s while orders are placed
    Then the page has said "Catching up" meanwhile, and is live
    And it shows every order once
