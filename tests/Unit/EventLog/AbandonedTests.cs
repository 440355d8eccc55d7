using Microservices.EventLog;

namespace Microservices.Tests.Unit.EventLog;

public sealed class AbandonedTests
{
    [Fact]
    public async Task One_that_cannot_be_ended_holds_up_no_other_and_is_tried_again()
    {
        var abandoned = new Abandoned();
        var (ended, fails) = (new List<int>(), true);
        for (var i = 0; i < 3; i++)
        {
            var number = i;
            abandoned.Add(() =>
            {
                if (number == 0 && fails)
                    throw new TimeoutException("It does not answer");
                ended.Add(number);
                return Task.CompletedTask;
            });
        }

        Assert.Single(await abandoned.EndAsync());
        Assert.Equal([1, 2], ended);
        fails = false;
        Assert.Empty(await abandoned.EndAsync());
        Assert.Equal([1, 2, 0], ended);
        Assert.Equal(0, abandoned.Count);
    }
}
