using Microservices.Gateway.Errors;

namespace Microservices.Tests.Unit.Gateway;

public sealed class FieldNameTests
{
    [Theory]
    [InlineData("email", "email")]
    [InlineData("display_name", "displayName")]
    [InlineData("user.display_name", "displayName")]
    [InlineData("lines[2].unit_price", "lines[2].unitPrice")]
    [InlineData("lines[2].unit_price.currency_code", "lines[2].unitPrice.currency")]
    [InlineData("lines[2].unit_price.units", "lines[2].unitPrice.amount")]
    [InlineData("idempotency_key", "Idempotency-Key")]
    [InlineData("page_token", "pageToken")]
    [InlineData("event_types.types[1]", "eventTypes[1]")]
    [InlineData("overlap", "overlapSeconds")]
    [InlineData("", "")]
    public void A_field_of_a_message_has_one_name_over_HTTP(string field, string name) => Assert.Equal(name, FieldNames.ToJson(field));
}
